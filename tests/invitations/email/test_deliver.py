"""Test the delivery of an email to a real SMTP server."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import SERVICE, Principal
from core.smtp import AFTER_CONTENT
from events.models import Event
from invitations.actions import answering, ending, inviting
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from invitations.tokens import link_for
from orgs.actions.organizations import archive_organization, restore_organization
from orgs.models import Organization
from outbox.deliver import NOT_RECORDED
from outbox.handlers import GIVE_UP_AFTER, Batch, backoff, handler_of
from outbox.leases import LeaseLost, reserve_due
from outbox.models import RESPONSE_LENGTH
from tests.outbox.fixtures import let_time_pass, refuse_rows
from tests.outbox.scripted_server import GOOD, HANG_UP, SAY_NOTHING, ScriptedServer
from tests.support.outbox import claim_due_email, deliver_next

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]


def row_of(email: Email) -> dict[str, Any]:
    """Return the recorded state of an email, without ids and times."""
    email.refresh_from_db()
    return {
        "state": email.state,
        "response": email.response,
        "reason": email.reason,
        "attempts": email.attempts,
        "history": [(attempt.state, attempt.response) for attempt in email.history.all()],
        "due": email.due_at is not None,
        "sent": email.sent_at is not None,
        "leased": email.lease_id is not None,
    }


def deferred(*responses: str) -> dict[str, Any]:
    return {
        "state": "deferred",
        "response": responses[-1],
        "reason": "",
        "attempts": len(responses),
        "history": [("deferred", response) for response in responses],
        "due": True,
        "sent": False,
        "leased": False,
    }


def failed(response: str) -> dict[str, Any]:
    return deferred(response) | {"state": "failed", "history": [("failed", response)], "due": False}


def sent(*former: str) -> dict[str, Any]:
    return {
        "state": "sent",
        "response": GOOD["CONTENT"],
        "reason": "",
        "attempts": len(former) + 1,
        "history": [*(("deferred", response) for response in former), ("sent", GOOD["CONTENT"])],
        "due": False,
        "sent": True,
        "leased": False,
    }


def dropped(reason: str) -> dict[str, Any]:
    return failed("") | {"state": "dropped", "reason": reason, "attempts": 0, "history": []}


def test_an_invitation_that_is_deleted_in_the_meantime_keeps_no_other_email_of_the_batch(invite: Invite) -> None:
    invitations = [invite("first@example.com"), invite("second@example.com")]
    batch = Batch(reserve_due(Email, 2))
    invitations[0].delete()
    gone, other = (handler_of(email, batch) for email in batch.deliveries)
    with pytest.raises(LeaseLost):
        gone.examine()
    assert other.examine() is None


def test_an_email_is_sent_once(mail_server: ScriptedServer, invite: Invite) -> None:
    email = invite().emails.get()
    assert deliver_next()
    assert not deliver_next()
    assert row_of(email) == sent()
    [delivery] = mail_server.accepted
    assert (delivery.sender, delivery.recipients) == ("no-reply@127.0.0.1", ["invitee@example.com"])
    assert delivery.message_id == email.message_id


@pytest.mark.parametrize(
    ("step", "reply", "response"),
    [
        ("CONNECT", "421 4.3.2 Closing down", "421 4.3.2 Closing down"),
        ("CONNECT", "554 5.3.2 No mail here", "554 5.3.2 No mail here"),
        ("CONNECT", HANG_UP, "Connection unexpectedly closed"),
        ("MAIL", "421 4.4.2 Idle too long", "421 4.4.2 Idle too long"),
        ("MAIL", "530 5.7.0 Authentication required", "530 5.7.0 Authentication required"),
        ("RCPT", "421 4.7.0 Too many connections", "421 4.7.0 Too many connections"),
        ("RCPT", "450 4.2.1 Greylisted", "450 4.2.1 Greylisted"),
        ("RCPT", HANG_UP, "Connection unexpectedly closed"),
        ("DATA", "451 4.3.0 Local trouble", "451 4.3.0 Local trouble"),
        ("DATA", HANG_UP, "Connection unexpectedly closed"),
        ("CONTENT", "451 4.3.0 Local trouble", "451 4.3.0 Local trouble"),
        ("CONTENT", "452-4.3.1 No space\r\n452 4.3.1 Later", "452 4.3.1 No space 4.3.1 Later"),
        ("CONTENT", HANG_UP, f"Connection unexpectedly closed {AFTER_CONTENT}"),
    ],
)
def test_a_temporary_error_is_tried_again(
    mail_server: ScriptedServer, invite: Invite, step: str, reply: str, response: str
) -> None:
    invitation = invite()
    email = invitation.emails.get()
    mail_server.script(step, reply)
    assert deliver_next()
    assert row_of(email) == deferred(response)
    assert not deliver_next()
    let_time_pass()
    assert deliver_next()
    assert row_of(email) == sent(response)
    assert [delivery.message_id for delivery in mail_server.accepted] == [email.message_id]
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()


@pytest.mark.parametrize("reply", [HANG_UP, SAY_NOTHING])
def test_an_email_whose_250_is_lost_is_sent_again_with_the_same_id_and_link(
    mail_server: ScriptedServer, settings: Settings, invite: Invite, reply: str
) -> None:
    settings.SMTP_SECONDS_AFTER_CONTENT = 1
    invitation = invite()
    email = invitation.emails.get()
    mail_server.script("TAKEN", reply)
    assert deliver_next()
    assert row_of(email) == deferred(email.response)
    let_time_pass()
    assert deliver_next()
    assert not deliver_next()
    first, second = mail_server.accepted
    assert first.message_id == second.message_id == email.message_id
    assert first.recipients == second.recipients == [invitation.email]
    assert link_for(invitation) in first.links & second.links


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("MAIL", "553 5.1.8 Sender refused"),
        ("RCPT", "550 5.1.1 No such mailbox"),
        ("RCPT", "554 5.7.1 Policy"),
        ("CONTENT", "554 5.7.1 Content refused"),
    ],
)
def test_a_final_rejection_ends_the_invitation_and_notifies_the_inviter(
    mail_server: ScriptedServer, invite: Invite, organization: Organization, step: str, reply: str
) -> None:
    invitation = invite()
    email = invitation.emails.get()
    mail_server.script(step, reply)
    assert deliver_next()
    assert row_of(email) == failed(reply)
    invitation.refresh_from_db()
    assert (invitation.status, invitation.finished_at is not None) == ("error", True)
    event = Event.objects.about(invitation).get(kind="invitation.failed")
    assert event.data["reason"] == " ".join(reply.split()[:2])
    assert event.organization_id == organization.pk
    assert deliver_next()
    assert not deliver_next()
    [notice] = mail_server.accepted
    assert notice.recipients == ["owner@example.com"]
    assert f"> {reply}" in notice.text


def test_an_invitation_that_was_answered_during_delivery_stays_answered(
    mail_server: ScriptedServer, invite: Invite, invitee: User, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    email = claim_due_email()
    assert email is not None
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    assert not ending.fail(invitation_id=invitation.pk, generation=1, reason="550 5.1.1")
    invitation.refresh_from_db()
    assert invitation.status == "accepted"


def test_an_unreachable_mail_server_is_tried_again(
    mail_server: ScriptedServer, settings: Settings, invite: Invite, closed_port: int
) -> None:
    email = invite().emails.get()
    settings.EMAIL_PORT = closed_port
    assert deliver_next()
    assert row_of(email) == deferred("[Errno 111] Connection refused")


@pytest.mark.parametrize("step", ["CONNECT", "RCPT", "CONTENT"])
def test_a_silent_mail_server_times_out_and_is_tried_again(
    mail_server: ScriptedServer, settings: Settings, invite: Invite, step: str
) -> None:
    settings.SMTP_SECONDS_UNTIL_CONTENT = settings.SMTP_SECONDS_AFTER_CONTENT = 0.3
    email = invite().emails.get()
    mail_server.script(step, SAY_NOTHING)
    assert deliver_next()
    assert row_of(email) == deferred(email.response)
    assert "timed out" in email.response


def test_a_rejected_password_defers_the_email(mail_server: ScriptedServer, settings: Settings, invite: Invite) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "postmaster", "correct horse"
    invitation = invite()
    email = invitation.emails.get()
    mail_server.script("AUTH", "535 5.7.8 Bad credentials")
    assert deliver_next()
    assert row_of(email) == deferred("535 5.7.8 Bad credentials")
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()


@pytest.mark.parametrize(
    ("name", "value"), [("EMAIL_HOST", "smtp..example.com"), ("EMAIL_HOST_PASSWORD", "corr\u00e9ct horse")]
)
def test_a_wrong_setting_defers_the_email(
    mail_server: ScriptedServer,
    settings: Settings,
    invite: Invite,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
) -> None:
    right = getattr(settings, name)
    settings.EMAIL_HOST_USER = "postmaster"
    invitation = invite()
    email = invitation.emails.get()
    setattr(settings, name, value)
    assert deliver_next()
    response = row_of(email)["response"]
    assert response.endswith(" in the email settings")
    assert row_of(email) == deferred(response)
    unreachable = [vars(record) for record in caplog.records if record.message == "mail server unreachable"]
    assert [line["response"] for line in unreachable] == [email.response]
    assert "\u00e9" not in str(unreachable)
    assert "\u00e9" not in caplog.text
    setattr(settings, name, right)
    let_time_pass()
    assert deliver_next()
    assert row_of(email) == sent(response)
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()


def test_a_failed_quit_changes_nothing(mail_server: ScriptedServer, invite: Invite) -> None:
    email = invite().emails.get()
    mail_server.script("QUIT", HANG_UP)
    assert deliver_next()
    assert row_of(email) == sent()


def test_the_response_is_stored_in_one_line_without_secrets(mail_server: ScriptedServer, invite: Invite) -> None:
    email = invite().emails.get()
    mail_server.script("CONTENT", "451 4.7.1 Suspicious:\thttp://127.0.0.1:8000/i/AAAAtoken \x1b[31m" + "x" * 400)
    assert deliver_next()
    email.refresh_from_db()
    assert email.response == "451 4.7.1 Suspicious: http://127.0.0.1:8000/i/[redacted] [31m" + "x" * 400


def test_the_backoff_doubles_up_to_a_day_with_jitter() -> None:
    delays = [backoff(attempts) for attempts in range(1, 40)]
    longest = [min(timedelta(minutes=2**n), timedelta(days=1)) for n in range(39)]
    assert all(most / 2 <= delay <= most for delay, most in zip(delays, longest, strict=True))
    assert len(set(delays)) == len(delays)


def test_a_deferred_email_waits_for_its_backoff(mail_server: ScriptedServer, invite: Invite) -> None:
    email = invite().emails.get()
    mail_server.script("RCPT", "451 4.3.0 Later")
    before = timezone.now()
    assert deliver_next()
    email.refresh_from_db()
    assert email.due_at is not None
    assert before + timedelta(seconds=29) < email.due_at < timezone.now() + timedelta(seconds=61)


def test_an_email_to_the_inviter_is_given_up_after_some_days(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    Email.objects.all().delete()
    ending.fail(invitation_id=invitation.pk, generation=1, reason="550")
    email = Email.objects.get()
    mail_server.script("RCPT", "450 4.2.2 Full", "450 4.2.2 Full")
    assert deliver_next()
    assert row_of(email) == deferred("450 4.2.2 Full")
    let_time_pass()
    Email.objects.update(created_at=timezone.now() - GIVE_UP_AFTER)
    assert deliver_next()
    assert row_of(email) == deferred("450 4.2.2 Full", "450 4.2.2 Full") | {"state": "failed", "due": False}


# Emails that are no longer wanted


def test_no_email_is_sent_for_a_withdrawn_invitation(
    mail_server: ScriptedServer, invite: Invite, by_owner: Principal
) -> None:
    invitation = invite()
    inviting.cancel(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
    assert deliver_next()
    assert row_of(invitation.emails.get()) == dropped("The invitation is cancelled.")
    assert mail_server.sessions == 0


def test_the_last_response_is_kept_when_the_email_is_dropped(
    mail_server: ScriptedServer, invite: Invite, by_owner: Principal
) -> None:
    invitation = invite()
    mail_server.script("RCPT", "450 4.2.1 Greylisted")
    assert deliver_next()
    inviting.cancel(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
    let_time_pass()
    assert deliver_next()
    change = {"state": "dropped", "reason": "The invitation is cancelled.", "due": False}
    assert row_of(invitation.emails.get()) == deferred("450 4.2.1 Greylisted") | change


def test_no_email_is_sent_for_an_expired_invitation(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    Invitation.objects.update(expires_at=Now())
    assert deliver_next()
    assert row_of(invitation.emails.get()) == dropped("The invitation is expired.")
    assert mail_server.sessions == 0


def test_only_the_newer_of_two_emails_about_one_invitation_is_sent(
    mail_server: ScriptedServer, invite: Invite, by_owner: Principal
) -> None:
    invitation = invite()
    inviting.resend(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
    older, newer = invitation.emails.order_by("id")
    assert deliver_next()
    assert deliver_next()
    assert row_of(older) == dropped("A newer email was sent.")
    assert row_of(newer) == sent()
    assert [delivery.message_id for delivery in mail_server.accepted] == [newer.message_id]


def test_the_emails_of_an_archived_organization_wait_until_it_is_restored(
    mail_server: ScriptedServer, invite: Invite, by_owner: Principal
) -> None:
    invitation = invite()
    email = invitation.emails.get()
    archive_organization(by=by_owner, organization_id=invitation.organization_id)
    assert deliver_next()
    assert not deliver_next()
    waiting = dropped("The organization is archived.") | {"state": "queued", "due": True}
    assert row_of(email) == waiting
    restore_organization(by=SERVICE, organization_id=invitation.organization_id)
    let_time_pass()
    assert deliver_next()
    assert row_of(email) == sent()


def test_an_answer_is_reported_to_the_inviter_although_the_invitation_is_closed(
    mail_server: ScriptedServer, invite: Invite, invitee: User, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    invitation.emails.all().delete()
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    assert deliver_next()
    assert row_of(invitation.emails.get(kind="answered")) == sent()
    assert [delivery.recipients for delivery in mail_server.accepted] == [["owner@example.com"]]


# Leases


def test_a_claimed_email_cannot_be_claimed_until_its_lease_ends(invite: Invite) -> None:
    first, second = invite("first@example.com"), invite("second@example.com")
    claimed = [claim_due_email(), claim_due_email(), claim_due_email()]
    assert [email and email.invitation for email in claimed] == [first, second, None]
    Email.objects.filter(invitation=first).update(due_at=Now())
    again = claim_due_email()
    assert again is not None
    assert again.invitation == first
    assert again.attempts == 0


@pytest.mark.parametrize("other_claim", [None, claim_due_email], ids=["not claimed", "claimed by another"])
def test_a_worker_that_was_suspended_past_its_lease_sends_nothing(
    mail_server: ScriptedServer, invite: Invite, other_claim: Callable[[], Email | None] | None
) -> None:
    email = invite().emails.get()
    suspended: list[Email | None] = []

    def suspend(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        if statement.startswith("SELECT") and 'FROM "invitations_invitation"' in statement and not suspended:
            suspended.append(None)
            let_time_pass()
            suspended.append(other_claim() if other_claim else None)
        return execute(statement, *rest)

    with connection.execute_wrapper(suspend):
        assert deliver_next()
    assert mail_server.accepted == []
    leased = other_claim is not None
    assert row_of(email) == dropped("") | {"state": "sending" if leased else "queued", "due": True, "leased": leased}
    let_time_pass()
    assert deliver_next()
    assert row_of(email) == sent()
    assert len(mail_server.accepted) == 1


# Emails that cannot be rendered or recorded


def test_an_email_that_cannot_be_rendered_fails_and_does_not_block_the_queue(
    mail_server: ScriptedServer, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    poisoned, healthy = invite("poisoned@example.com"), invite("healthy@example.com")
    Email.objects.filter(invitation=poisoned).update(message_id="<1@example.com>\r\nBcc: stranger@example.com")
    assert deliver_next()
    assert deliver_next()
    assert not deliver_next()
    not_rendered = poisoned.emails.get()
    assert row_of(not_rendered) == dropped(not_rendered.reason) | {"state": "failed"}
    assert not_rendered.reason.startswith("Not sent: BadHeaderError: Header values can't contain newlines")
    assert row_of(healthy.emails.get()) == sent()
    assert [delivery.recipients for delivery in mail_server.accepted] == [["healthy@example.com"]]
    assert Invitation.objects.open().filter(pk=poisoned.pk).exists()
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


def test_the_reason_of_a_failed_email_is_cut_to_the_length_of_its_column(
    mail_server: ScriptedServer, invite: Invite, settings: Settings
) -> None:
    email = invite().emails.get()
    settings.DEFAULT_FROM_EMAIL = "x" * 2000 + "\r\n@perfectworks.test"
    assert deliver_next()
    email.refresh_from_db()
    assert row_of(email) == dropped(email.reason) | {"state": "failed"}
    assert email.reason.startswith("Not sent: BadHeaderError: Header values can't contain newlines (got 'xxx")
    assert len(email.reason) == RESPONSE_LENGTH


def test_an_accepted_email_is_not_sent_again_when_its_response_cannot_be_recorded(
    mail_server: ScriptedServer, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    email = invite().emails.get()
    refuse_rows(Attempt, "state", "sent")
    assert deliver_next()
    assert row_of(email) == sent() | {"response": "", "reason": NOT_RECORDED, "history": []}
    let_time_pass()
    assert not deliver_next()
    assert len(mail_server.accepted) == 1
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


def test_a_crash_counts_as_no_attempt(mail_server: ScriptedServer, invite: Invite) -> None:
    email = invite().emails.get()
    for _ in range(20):
        assert claim_due_email() == email
        let_time_pass()
    assert deliver_next()
    assert row_of(email) == sent()
    assert Attempt.objects.count() == 1
