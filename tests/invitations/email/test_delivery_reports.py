"""Test what a delivery report changes, including late, early, duplicate and out-of-order reports."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from events.models import Event
from invitations.actions import answering, inviting
from invitations.email.address_hashes import Suppression
from invitations.email.delivery_reports import take_report
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from orgs.actions.accounts import purge_account
from orgs.actions.organizations import archive_organization
from outbox.delivery_reports import FOLLOWS, Report
from tests.invitations.email.providers import configure, report
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import DEADLINE, GOOD, ScriptedServer
from tests.support.changes import event, track_changes
from tests.support.outbox import claim_due_email, deliver_next

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]
By = Callable[..., Principal]

REJECTION = "550 5.1.1 No such mailbox"
BOUNCED = Report(Email.State.BOUNCED, "550 5.1.1", REJECTION, is_final=True)
REJECTED = Report(Email.State.FAILED, "refused", "Suppressed", is_final=True)
FAILED = Report(Email.State.FAILED, "failed", "Your account is on hold")
SENT = Report(Email.State.SENT, "sent")
DEFERRED = Report(Email.State.DEFERRED, "452 4.2.2", "452 4.2.2 Mailbox full")
DELIVERED = Report(Email.State.DELIVERED, "delivered", "250 2.0.0 OK")
COMPLAINED = Report(Email.State.COMPLAINED, "complained")


@pytest.fixture
def invitation(mail_server: ScriptedServer, invite: Invite) -> Invitation:
    """Return an invitation whose email was sent."""
    invitation = invite()
    assert deliver_next()
    return invitation


@pytest.fixture
def email(invitation: Invitation) -> Email:
    return invitation.emails.get()


def apply_reports(email: Email, *reports: Report) -> list[bool]:
    """Apply the reports. Return a list that says for each report whether it changed the email."""
    return [take_report(email_id=email.pk, report=report) for report in reports]


def state_of(email: Email) -> tuple[str, str]:
    email.refresh_from_db()
    email.invitation.refresh_from_db()
    return email.state, email.invitation.status


def test_a_report_records_an_event_and_the_response(email: Email):
    with track_changes() as changes:
        assert apply_reports(email, DELIVERED) == [True]

    facts = {"invitation_id": email.invitation_id, "email_kind": "invitation", "reason": "delivered"}
    assert changes.events == [
        event("email.delivered", email, None, email.invitation.organization, **facts),
        event("invitation.delivered", email.invitation, None, email.invitation.organization),
    ]
    assert [(a.state, a.response) for a in email.history.all()] == [
        ("sent", GOOD["CONTENT"]),
        ("delivered", "250 2.0.0 OK"),
    ]
    assert state_of(email) == ("delivered", "pending")
    assert email.attempts == 1


def test_a_hard_bounce_ends_the_invitation_and_notifies_the_inviter(mail_server: ScriptedServer, email: Email):
    assert apply_reports(email, BOUNCED) == [True]

    assert state_of(email) == ("bounced", "error")
    assert Event.objects.about(email.invitation).get(kind="invitation.failed").data["reason"] == "550 5.1.1"
    assert deliver_next()
    notice = mail_server.accepted[-1]
    assert notice.recipients == ["owner@example.com"]
    assert f"> {REJECTION}" in notice.text


def test_a_soft_bounce_leaves_the_invitation_open(email: Email):
    assert apply_reports(email, DEFERRED) == [True]

    assert state_of(email) == ("deferred", "pending")
    assert not deliver_next()


def test_an_address_rejected_by_the_provider_ends_the_invitation(email: Email):
    apply_reports(email, REJECTED)

    assert state_of(email) == ("failed", "error")


def test_a_failure_of_the_provider_ends_no_invitation(email: Email):
    apply_reports(email, FAILED)

    assert state_of(email) == ("failed", "pending")


def test_a_complaint_is_recorded_and_the_invitation_can_still_be_answered(email: Email, invitee: User, principal: By):
    apply_reports(email, DELIVERED, COMPLAINED)
    assert state_of(email) == ("complained", "pending")

    answering.accept(by=principal(invitee), invitation_id=email.invitation_id)

    assert state_of(email) == ("complained", "accepted")


def test_a_complaint_unsubscribes_the_recipient(
    mail_server: ScriptedServer, email: Email, by_owner: Principal, invite: Invite
):
    apply_reports(email, COMPLAINED)
    sent_so_far = len(mail_server.accepted)

    inviting.resend(by=by_owner, organization_id=email.invitation.organization_id, invitation_id=email.invitation_id)
    invite("other@example.com")
    while deliver_next():
        pass

    assert [delivery.recipients for delivery in mail_server.accepted[sent_so_far:]] == [["other@example.com"]]
    assert email.invitation.emails.get(generation=2).withheld_at is not None


def test_an_inviter_who_complains_about_a_notice_is_not_unsubscribed(
    mail_server: ScriptedServer, email: Email, invitee: User, principal: By
):
    answering.decline(by=principal(invitee), invitation_id=email.invitation_id)
    assert deliver_next()

    apply_reports(Email.objects.get(kind="answered"), COMPLAINED)

    assert not Suppression.objects.exists()


# Reports that are duplicated, late or out of order


@pytest.mark.parametrize("taken", [SENT, DEFERRED, DELIVERED, BOUNCED, REJECTED, COMPLAINED])
def test_a_duplicate_report_is_ignored(email: Email, taken: Report):
    apply_reports(email, taken)

    with track_changes() as changes:
        assert apply_reports(email, taken, taken) == [False, False]

    assert changes.nothing


def test_states_only_move_forward():
    ways = {(before, after) for after, befores in FOLLOWS.items() for before in befores}

    assert {(before, after) for before, after in ways if (after, before) in ways} == {("deferred", "deferred")}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("first", "second"), list(product([DEFERRED, DELIVERED, BOUNCED, REJECTED, COMPLAINED], repeat=2))
)
def test_only_the_table_decides_which_report_may_follow(email: Email, first: Report, second: Report):
    apply_reports(email, first)

    second = replace(second, response=f"{second.response} again")
    assert apply_reports(email, second) == [first.state in FOLLOWS[second.state]]
    assert state_of(email)[0] == (second if first.state in FOLLOWS[second.state] else first).state


def test_each_new_response_of_a_deferring_server_is_kept_once(email: Email):
    moved = Report(Email.State.DEFERRED, "450 4.2.0", "450 4.2.0 The mailbox is moving")

    changed = apply_reports(email, DEFERRED, moved, DEFERRED, moved, DELIVERED, moved)
    assert changed == [True, True, False, False, True, False]

    history = [(attempt.state, attempt.response) for attempt in email.history.all()]
    assert history == [("sent", GOOD["CONTENT"]), *((one.state, one.response) for one in (DEFERRED, moved, DELIVERED))]
    assert Event.objects.filter(kind="email.deferred").count() == 2


def test_a_reported_deferral_with_the_same_response_stops_our_own_retries(mail_server: ScriptedServer, invite: Invite):
    email = invite().emails.get()
    mail_server.script("RCPT", DEFERRED.response)
    assert deliver_next()
    assert email.history.get().response == DEFERRED.response

    assert apply_reports(email, DEFERRED, DEFERRED) == [True, False]

    assert state_of(email) == ("deferred", "pending")
    assert email.due_at is None


def test_a_late_bounce_does_not_undo_an_acceptance(email: Email, invitee: User, principal: By):
    answer = answering.accept(by=principal(invitee), invitation_id=email.invitation_id)

    assert apply_reports(email, BOUNCED) == [True]

    assert state_of(email) == ("bounced", "accepted")
    assert invitee.memberships.get() == answer.membership
    assert not email.invitation.emails.filter(kind="undeliverable").exists()


def test_a_bounce_of_an_older_email_does_not_affect_the_newer_one(email: Email, by_owner: Principal):
    inviting.resend(by=by_owner, organization_id=email.invitation.organization_id, invitation_id=email.invitation_id)

    assert apply_reports(email, BOUNCED) == [True]

    assert state_of(email) == ("bounced", "pending")
    assert Invitation.objects.open().get().emails.get(generation=2).state == "queued"


def test_a_bounced_notice_to_the_inviter_ends_nothing(
    mail_server: ScriptedServer, email: Email, invitee: User, principal: By
):
    answering.decline(by=principal(invitee), invitation_id=email.invitation_id)
    assert deliver_next()
    notice = Email.objects.get(kind="answered")

    apply_reports(notice, BOUNCED)

    assert state_of(notice) == ("bounced", "declined")
    assert Email.objects.count() == 2


# Reports that arrive before the email is recorded as sent


@pytest.mark.parametrize("early", [SENT, DEFERRED, DELIVERED, COMPLAINED])
def test_a_report_before_our_own_commit_ends_the_lease_and_the_email_is_not_sent_again(
    mail_server: ScriptedServer, invite: Invite, early: Report
):
    email = invite().emails.get()
    assert claim_due_email() == email
    assert apply_reports(email, early) == [True]

    let_time_pass()

    assert not deliver_next()
    assert state_of(email) == (early.state, "pending")
    assert email.sent_at is not None
    assert mail_server.accepted == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_records_after_a_report_does_not_overwrite_it(mail_server: ScriptedServer, invite: Invite):
    email = invite().emails.get()
    at_content = mail_server.hold("CONTENT")

    def report_during_delivery() -> None:
        at_content.wait()
        apply_reports(email, DELIVERED)
        connection.close()
        at_content.release()

    thread = threading.Thread(target=report_during_delivery)
    thread.start()
    assert deliver_next()
    thread.join(DEADLINE)

    assert state_of(email) == ("delivered", "pending")
    assert [attempt.state for attempt in email.history.all()] == ["delivered"]


# Reports about unknown emails and erased users


def test_an_unknown_email_changes_nothing(email: Email):
    with track_changes() as changes:
        assert not take_report(email_id=email.invitation_id, report=BOUNCED)

    assert changes.nothing


def test_the_recipient_in_a_report_is_ignored(email: Email, invite: Invite, settings: Settings):
    other = invite("other@example.com")
    configure(settings, "postmark")

    assert report("postmark-bounced", email, Email="other@example.com").status_code == 200

    assert state_of(email) == ("bounced", "error")
    assert Invitation.objects.open().get() == other


def test_a_report_with_our_message_id_finds_the_email(email: Email, settings: Settings):
    configure(settings, "mailgun")

    assert report("mailgun-delivered", email).status_code == 200

    assert state_of(email) == ("delivered", "pending")


def test_a_dropped_email_stays_dropped(invite: Invite):
    email = invite().emails.get()
    Email.objects.update(state="dropped", due_at=None)

    assert apply_reports(email, DELIVERED, BOUNCED, COMPLAINED) == [False] * 3


def test_a_response_about_an_erased_person_is_not_stored(email: Email, invitee: User, principal: By):
    purge_account(by=principal(invitee), user=invitee)

    apply_reports(email, Report(Email.State.BOUNCED, "550", "550 <invitee@example.com> is unknown", is_final=True))

    assert state_of(email)[0] == "bounced"
    assert not re.search("invitee", email.response + "".join(a.response for a in Attempt.objects.all()))


def test_reports_of_an_archived_organization_are_recorded(email: Email, by_owner: Principal):
    archive_organization(by=by_owner, organization_id=email.invitation.organization_id)

    assert apply_reports(email, BOUNCED) == [True]

    assert state_of(email) == ("bounced", "error")


def test_a_provider_report_ends_our_own_retries(invite: Invite, mail_server: ScriptedServer):
    """Our SMTP session failed, but the provider had already received the email."""
    email = invite().emails.get()
    mail_server.script("CONTENT", "451 4.3.0 Later")
    assert deliver_next()
    assert (email.invitation.emails.get().state, Email.objects.filter(due_at__gt=Now()).count()) == ("deferred", 1)

    apply_reports(email, DEFERRED)
    let_time_pass()

    assert not deliver_next()
    assert state_of(email) == ("deferred", "pending")
