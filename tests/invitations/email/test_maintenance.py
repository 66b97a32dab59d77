"""Test the maintenance tasks: expiring invitations, sending reminders, deleting old sessions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address
from events.models import Event
from invitations.actions import answering, ending, inviting, maintenance
from invitations.actions.maintenance import expire_overdue, send_reminders
from invitations.actions.reminders import remind
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs.actions.organizations import archive_organization
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.outbox.fixtures import refuse_rows
from tests.outbox.scripted_server import ScriptedServer
from tests.support.changes import event, track_changes
from tests.support.outbox import deliver_next

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]


@pytest.fixture
def ending_soon(invite: Invite) -> Invitation:
    """Return an open invitation. It was sent eight days ago and expires in less than two days."""
    invitation = invite()
    Email.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=8), due_at=None)
    end_in(invitation, timedelta(days=2) - timedelta(minutes=1))
    return invitation


def end_in(invitation: Invitation, rest: timedelta) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=Now() + rest)


def reminders() -> list[tuple[str, str]]:
    return list(Email.objects.filter(kind="reminder").values_list("recipient", "state"))


def test_overdue_invitations_expire(invite: Invite) -> None:
    overdue, still_open = invite("late@example.com"), invite("early@example.com")
    end_in(overdue, timedelta())
    with track_changes() as changes:
        expire_overdue()
    assert changes.events == [event("invitation.expired", overdue, None, overdue.organization)]
    assert set(Invitation.objects.open()) == {still_open}


def test_many_overdue_invitations_expire_in_batches(
    invite: Invite, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "BATCH", 2)
    for number in range(3):
        end_in(invite(f"invitee-{number}@example.com"), timedelta())
    with track_changes() as changes:
        assert [ending.expire(organization_id=organization.pk) for _ in range(3)] == [2, 1, 0]
    assert [recorded.kind for recorded in changes.events] == ["invitation.expired"] * 3


def test_reminders_are_queued_in_batches(
    ending_soon: Invitation, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MAX_BATCH", 1)
    end_in(invite("second@example.com"), timedelta(days=1))
    Email.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=8), due_at=None)
    assert send_reminders()
    assert reminders() == [("second@example.com", "queued")]
    assert send_reminders()
    assert not send_reminders()
    assert len(reminders()) == 2


def test_one_reminder_is_sent_for_an_invitation_that_ends_soon(ending_soon: Invitation) -> None:
    with track_changes() as changes:
        send_reminders()
        send_reminders()
    assert reminders() == [("invitee@example.com", "queued")]
    assert changes.events == [event("invitation.reminded", ending_soon, None, ending_soon.organization, generation=1)]
    assert not remind(invitation_id=ending_soon.pk)


def test_a_reminded_invitation_is_left_out_by_an_index_and_keeps_its_time_of_change(ending_soon: Invitation) -> None:
    changed_at = ending_soon.updated_at
    send_reminders()
    ending_soon.refresh_from_db()
    assert (ending_soon.reminded_generation, ending_soon.updated_at) == (1, changed_at)
    Email.objects.filter(kind="reminder").delete()
    send_reminders()
    assert reminders() == []


def test_a_reminder_is_sent(mail_server: ScriptedServer, ending_soon: Invitation) -> None:
    send_reminders()
    assert deliver_next()
    assert reminders() == [("invitee@example.com", "sent")]


def test_no_reminder_is_sent_after_an_answer(
    mail_server: ScriptedServer, ending_soon: Invitation, invitee: User, principal: Callable[..., Principal]
) -> None:
    send_reminders()
    answering.decline(by=principal(invitee), invitation_id=ending_soon.pk)
    assert deliver_next()
    assert reminders() == [("invitee@example.com", "dropped")]


def test_a_resent_invitation_gets_its_own_reminder(ending_soon: Invitation, by_owner: Principal) -> None:
    send_reminders()
    inviting.resend(by=by_owner, organization_id=ending_soon.organization_id, invitation_id=ending_soon.pk)
    send_reminders()
    assert len(reminders()) == 1
    Email.objects.filter(generation=2).update(
        state="delivered", sent_at=timezone.now() - timedelta(days=8), due_at=None
    )
    end_in(ending_soon, timedelta(days=1))
    send_reminders()
    assert len(reminders()) == 2


@pytest.mark.parametrize(
    ("rest", "email"),
    [
        (timedelta(days=2, minutes=1), {}),
        (timedelta(), {}),
        (timedelta(days=1), {"sent_at": timezone.now() - timedelta(hours=23)}),
        (timedelta(days=1), {"state": "queued", "sent_at": None, "due_at": timezone.now()}),
        (timedelta(days=1), {"state": "bounced"}),
    ],
)
def test_no_reminder_is_sent_too_early_too_late_or_to_an_unreachable_address(
    ending_soon: Invitation, rest: timedelta, email: dict[str, object]
) -> None:
    end_in(ending_soon, rest)
    Email.objects.update(**email)
    send_reminders()
    assert reminders() == []


def test_an_archived_organization_sends_no_reminders(ending_soon: Invitation, by_owner: Principal) -> None:
    archive_organization(by=by_owner, organization_id=ending_soon.organization_id)
    send_reminders()
    assert not remind(invitation_id=ending_soon.pk)
    assert reminders() == []


def test_reminders_wait_while_the_organization_is_at_its_limit(
    ending_soon: Invitation, settings: Settings, other_organization: Organization, stranger: User
) -> None:
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1  # the invitation's own email uses up this limit
    elsewhere = InvitationFactory.create(
        organization=other_organization, email="second@example.com", inviter=stranger, expires_in=timedelta(days=1)
    )
    email = queue_email(elsewhere, Email.Kind.INVITATION)
    assert email is not None
    a_week_ago = timezone.now() - timedelta(days=8)
    Email.objects.filter(pk=email.pk).update(state="sent", sent_at=a_week_ago, counted_at=a_week_ago, due_at=None)
    end_in(ending_soon, timedelta(hours=1))
    with track_changes() as changes:
        send_reminders()
    assert reminders() == [("second@example.com", "queued")]
    assert [recorded.organization for recorded in changes.events] == [other_organization.pk]
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2
    send_reminders()
    assert ("invitee@example.com", "queued") in reminders()


def test_a_reminder_waits_while_its_recipient_is_at_the_limit(ending_soon: Invitation, settings: Settings) -> None:
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    with track_changes() as changes:
        send_reminders()
    assert changes.nothing
    settings.RECIPIENT_EMAILS_PER_HOUR = 2
    send_reminders()
    assert reminders() == [("invitee@example.com", "queued")]


def test_reminders_count_towards_the_limit_of_the_organization(
    ending_soon: Invitation, settings: Settings, by_owner: Principal
) -> None:
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2
    send_reminders()
    invited = inviting.invite(
        by=by_owner, organization_id=ending_soon.organization_id, email=normalize_address("new@example.com")
    )
    assert invited.delivery
    assert invited.delivery.state == "scheduled"


def test_an_error_in_one_reminder_stops_no_other(
    ending_soon: Invitation, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    later = invite("later@example.com")
    Email.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=8), due_at=None)
    end_in(later, timedelta(days=2) - timedelta(seconds=1))
    refuse_rows(Email, "recipient", "invitee@example.com")
    send_reminders()
    assert reminders() == [("later@example.com", "queued")]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["queueing a reminder failed"]


def test_an_error_in_one_organization_keeps_no_other_invitation_open(
    invite: Invite, other_organization: Organization, stranger: User
) -> None:
    here = invite()
    elsewhere = InvitationFactory.create(
        organization=other_organization, email="second@example.com", inviter=stranger, expires_in=timedelta(days=1)
    )
    Invitation.objects.update(expires_at=Now())
    refuse_rows(
        Event,
        "organization_id",
        str(Event._meta.get_field("organization_id").get_db_prep_value(here.organization_id, connection)),
    )
    expire_overdue()
    here.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (here.status, elsewhere.status) == ("pending", "expired")


def test_a_rejected_reminder_ends_the_invitation(mail_server: ScriptedServer, ending_soon: Invitation) -> None:
    send_reminders()
    mail_server.script("RCPT", "550 5.1.1 No such mailbox")
    assert deliver_next()
    ending_soon.refresh_from_db()
    assert ending_soon.status == "error"
    assert not ending.fail(invitation_id=ending_soon.pk, generation=1, reason="550")
