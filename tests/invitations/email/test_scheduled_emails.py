"""Test what happens to the emails that are scheduled because a daily sending limit is reached."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address
from core.errors import Conflict
from invitations.actions.answering import accept
from invitations.actions.inviting import cancel, correct_address, invite, resend, update_invitation
from invitations.actions.inviting_many import invite_many
from invitations.actions.maintenance import expire_overdue
from invitations.bulk.rows import InviteRow
from invitations.email.delivery_reports import take_report
from invitations.email.limits import (
    TooManyOpenInvitations,
    count_recipients,
    open_slots_left,
    scheduled_slots_left,
    sending_times,
)
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited
from orgs.actions.organizations import archive_organization, restore_organization, set_daily_email_limit
from orgs.models import Organization
from outbox.delivery_reports import Report
from tests.factories import InvitationFactory, SuppressionFactory, UserFactory
from tests.outbox.scripted_server import ScriptedServer
from tests.support.changes import track_changes
from tests.support.outbox import claim_due_email, deliver_next
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Send = Callable[..., Invitation]
DAY = timedelta(days=1)
FULL = "The organization has reached its limit of open invitations."


@pytest.fixture(autouse=True)
def _two_a_day(settings: Settings) -> None:
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2


@pytest.fixture
def where(organization: Organization, owner: User) -> dict[str, Any]:
    return {"by": session_of(owner), "organization_id": organization.pk}


@pytest.fixture
def send(where: dict[str, Any]) -> Send:
    return lambda name, **terms: invite(**where, email=normalize_address(f"{name}@example.com"), **terms)


@pytest.fixture
def scheduled(send: Send, mail_server: ScriptedServer) -> Invitation:
    """Return the third invitation of the day. The emails of the first two have been sent."""
    for name in ("first", "second"):
        send(name)
    while deliver_next():
        pass
    assert len(mail_server.accepted) == 2
    return send("third")


def email_of(invitation: Invitation) -> Email:
    return Email.objects.to_invitee().get(invitation=invitation, generation=invitation.generation)


def make_due(*invitations: Invitation) -> None:
    """Let the scheduled emails be due, as if their time had come. They have counted for an hour."""
    Email.objects.filter(invitation__in=invitations, state="scheduled").update(
        due_at=Now(), counted_at=timezone.now() - timedelta(hours=1)
    )


def times_of(*invitations: Invitation) -> list[int]:
    """Return for how many days from now each email is scheduled, rounded. Check the rows."""
    days = []
    for invitation in invitations:
        email = email_of(invitation)
        invitation.refresh_from_db()
        assert (email.state, email.due_at) == ("scheduled", email.counted_at)
        assert email.due_at
        assert invitation.lifetime_days
        assert invitation.expires_at == email.due_at + invitation.lifetime_days * DAY
        days.append(round((email.due_at - timezone.now()) / DAY))
    return days


def reload(invitation: Invitation) -> Invitation:
    return Invitation.objects.with_details().get(pk=invitation.pk)


class TestUntilItIsSent:
    def test_the_invitation_is_open_and_its_email_waits(self, scheduled: Invitation):
        assert not deliver_next()
        assert reload(scheduled).is_open
        assert times_of(scheduled) == [1]
        assert scheduled.delivery
        assert (scheduled.delivery.state, scheduled.delivery.next_attempt_at) == (
            "scheduled",
            email_of(scheduled).due_at,
        )

    def test_the_life_starts_when_the_email_is_sent(self, scheduled: Invitation, mail_server: ScriptedServer):
        make_due(scheduled)
        expected = scheduled.expires_at
        with track_changes() as changes:
            assert deliver_next()
        scheduled.refresh_from_db()
        email = email_of(scheduled)
        assert mail_server.accepted[-1].recipients == ["third@example.com"]
        assert email.sent_at
        assert max(expected, email.sent_at + 10 * DAY) == scheduled.expires_at
        assert (scheduled.lifetime_days, scheduled.is_emailed) == (None, True)
        assert [event.kind for event in changes.events] == ["invitation.emailed"]

    def test_an_email_that_leaves_late_makes_the_life_longer(self, scheduled: Invitation):
        make_due(scheduled)
        Invitation.objects.filter(pk=scheduled.pk).update(expires_at=timezone.now() + DAY)
        assert deliver_next()
        scheduled.refresh_from_db()
        sent_at: Any = email_of(scheduled).sent_at
        assert scheduled.expires_at == sent_at + 10 * DAY

    def test_a_deferred_email_has_not_left(self, scheduled: Invitation, mail_server: ScriptedServer):
        make_due(scheduled)
        mail_server.script("RCPT", "451 4.3.0 Later")
        assert deliver_next()
        scheduled.refresh_from_db()
        assert (email_of(scheduled).state, scheduled.lifetime_days, scheduled.is_emailed) == ("deferred", 10, True)
        Email.objects.unsent().update(due_at=Now())
        Invitation.objects.filter(pk=scheduled.pk).update(expires_at=timezone.now() + DAY)
        assert deliver_next()
        scheduled.refresh_from_db()
        sent_at: Any = email_of(scheduled).sent_at
        assert scheduled.expires_at == sent_at + 10 * DAY

    def test_a_report_that_comes_before_the_result_is_recorded_starts_the_life(self, scheduled: Invitation):
        make_due(scheduled)
        claimed = claim_due_email()
        assert claimed
        assert take_report(email_id=claimed.pk, report=Report(Email.State.DELIVERED, "delivered"))
        scheduled.refresh_from_db()
        assert scheduled.lifetime_days is None

    def test_an_archived_organization_keeps_it_scheduled(self, scheduled: Invitation, where: dict[str, Any]):
        make_due(scheduled)
        archive_organization(**where)
        assert deliver_next()
        email = email_of(scheduled)
        assert (email.state, email.reason) == ("scheduled", "The organization is archived.")
        restore_organization(**where)
        make_due(scheduled)
        assert deliver_next()
        assert email_of(scheduled).state == "sent"

    def test_nobody_sees_who_has_unsubscribed(self, scheduled: Invitation, send: Send):
        other = send("fourth")
        SuppressionFactory.create(address="third@example.com")
        make_due(scheduled, other)
        seen = []
        for invitation in (scheduled, other):
            with track_changes() as changes:
                assert deliver_next()
            row = reload(invitation)
            assert row.delivery
            assert row.delivery.sent_at
            life = row.expires_at - row.delivery.sent_at
            shown = (row.delivery.state, row.delivery.attempts, row.lifetime_days, row.is_emailed, life < 12 * DAY)
            seen.append((shown, [(event.kind, event.changed) for event in changes.events]))
        assert email_of(scheduled).withheld_at
        assert seen[0] == seen[1]


class TestChangesBefore:
    def test_cancelling_drops_the_email(self, scheduled: Invitation, where: dict[str, Any]):
        cancel(**where, invitation_id=scheduled.pk)
        email = email_of(scheduled)
        assert (email.state, email.counted_at, email.reason) == ("dropped", None, "The invitation is cancelled.")

    def test_an_invitee_can_accept_without_the_email(self, scheduled: Invitation):
        invitee = UserFactory.create(email="third@example.com")
        assert accept(by=session_of(invitee), invitation_id=scheduled.pk).membership
        assert (email_of(scheduled).state, email_of(scheduled).reason) == ("dropped", "The invitation is accepted.")

    def test_a_corrected_address_takes_over_the_time(self, scheduled: Invitation, send: Send, where: dict[str, Any]):
        others = [send(name) for name in ("fourth", "fifth", "sixth")]
        corrected = correct_address(**where, invitation_id=scheduled.pk, email=normalize_address("right@example.com"))
        assert times_of(corrected, *others) == [1, 1, 2, 2]
        assert email_of(scheduled).state == "dropped"

    def test_resending_keeps_the_time(self, scheduled: Invitation, send: Send, where: dict[str, Any]):
        send("fourth")
        again = resend(**where, invitation_id=scheduled.pk, lifetime_days=3)
        assert (again.generation, again.lifetime_days, times_of(again)) == (2, 3, [1])
        states = Email.objects.filter(invitation=scheduled).order_by("id").values_list("state", "counted_at")
        assert states[0] == ("dropped", None)
        assert states[1][0] == "scheduled"

    def test_replacing_it_keeps_the_time(self, scheduled: Invitation, send: Send):
        send("fourth")
        with pytest.raises(AlreadyInvited):
            send("third")
        assert times_of(send("third", force=True)) == [1]

    def test_another_life_counts_from_the_time_of_the_email(self, scheduled: Invitation, where: dict[str, Any]):
        update_invitation(**where, invitation_id=scheduled.pk, lifetime_days=30)
        assert times_of(scheduled) == [1]
        assert scheduled.lifetime_days == 30

    def test_a_resent_invitation_is_still_emailed(self, send: Send, where: dict[str, Any]):
        first = send("first")
        send("second")
        again = resend(**where, invitation_id=first.pk)
        assert (times_of(again), again.is_emailed) == ([1], True)

    def test_an_invitation_that_expires_unsent_is_reported(self, scheduled: Invitation, owner: User):
        Invitation.objects.filter(pk=scheduled.pk).update(expires_at=Now())
        expire_overdue()
        assert Email.objects.filter(invitation=scheduled, kind="undeliverable", recipient=owner.email).exists()


class TestOpenInvitations:
    """Only invitations that were emailed use up the limit of open invitations."""

    @pytest.fixture
    def full(self, organization: Organization, scheduled: Invitation) -> Invitation:
        """Return the scheduled invitation. The limit of open invitations is reached."""
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=2)
        organization.refresh_from_db()
        assert open_slots_left(organization) == 0
        make_due(scheduled)
        return scheduled

    def test_scheduled_ones_need_no_slot(self, organization: Organization, send: Send):
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=3)
        for name in "abcdef":
            send(name)
        organization.refresh_from_db()
        assert open_slots_left(organization) == 1
        assert Invitation.objects.open().count() == 6

    def test_without_a_slot_the_email_waits_and_the_invitation_stays_open(
        self, full: Invitation, mail_server: ScriptedServer
    ):
        Invitation.objects.filter(pk=full.pk).update(expires_at=timezone.now() + timedelta(hours=1))
        with track_changes() as changes:
            assert deliver_next()
        email = email_of(full)
        full.refresh_from_db()
        assert (email.state, email.reason, full.is_emailed, full.lifetime_days) == ("scheduled", FULL, False, 10)
        assert full.expires_at > timezone.now() + 9 * DAY
        assert email.due_at
        assert timedelta(minutes=59) < email.due_at - timezone.now() <= timedelta(hours=1)
        assert [event.kind for event in changes.events] == ["invitation.postponed"]
        assert len(mail_server.accepted) == 2

    def test_it_leaves_when_a_slot_is_free(self, full: Invitation, where: dict[str, Any], mail_server: ScriptedServer):
        assert deliver_next()
        cancel(**where, invitation_id=Invitation.objects.get(email="first@example.com").pk)
        make_due(full)
        assert deliver_next()
        full.refresh_from_db()
        assert (email_of(full).state, full.is_emailed) == ("sent", True)

    @pytest.mark.parametrize("how", ["resend", "correct", "force"])
    def test_what_replaces_an_email_that_waits_for_a_slot_waits_too(
        self, full: Invitation, where: dict[str, Any], send: Send, settings: Settings, how: str
    ):
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 9
        wrong = {"resend": lambda: resend(**where, invitation_id=full.pk), "force": lambda: send("third", force=True)}
        right = normalize_address("right@example.com")
        wrong["correct"] = lambda: correct_address(**where, invitation_id=full.pk, email=right)
        replaced = wrong[how]()
        email = email_of(replaced)
        assert (email.state, replaced.is_emailed, replaced.lifetime_days) == ("scheduled", False, 10)
        assert deliver_next()
        assert email_of(replaced).reason == FULL

    @pytest.mark.parametrize("emails_a_day", [2, 9])
    def test_a_further_one_and_a_list_of_one_agree(
        self, full: Invitation, send: Send, where: dict[str, Any], settings: Settings, emails_a_day: int
    ):
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = emails_a_day
        row = InviteRow(email="fourth@example.com")
        [result] = invite_many(**where, rows=[row], dry_run=True)
        if emails_a_day == 9:
            assert (result.verdict, result.reason) == ("over_limit", "open_invitations")
            with track_changes() as changes, pytest.raises(TooManyOpenInvitations):
                send("fourth")
            assert changes.nothing
            return
        assert (result.verdict, result.reason) == ("scheduled", "")
        fourth = send("fourth")
        assert times_of(fourth) == [1]
        assert (fourth.is_open, fourth.is_emailed) == (True, False)

    def test_so_many_emails_may_be_scheduled(
        self, send: Send, settings: Settings, organization: Organization, scheduled: Invitation, where: dict[str, Any]
    ):
        settings.SCHEDULED_EMAILS_PER_ORGANIZATION = 2
        send("fourth")
        assert scheduled_slots_left(organization) == 0
        first = Invitation.objects.get(email="first@example.com")
        for act in (lambda: send("fifth"), lambda: resend(**where, invitation_id=first.pk)):
            with track_changes() as changes, pytest.raises(TooManyOpenInvitations) as refused:
                act()
            assert isinstance(refused.value, Conflict)
            assert refused.value.details == {"limit": 2}
            assert changes.nothing
        cancel(**where, invitation_id=scheduled.pk)
        assert times_of(send("fifth")) == [1]


class TestAnotherLimit:
    """Staff change the daily limit of an organization. Its scheduled emails get other times."""

    @pytest.fixture
    def rows(self, send: Send) -> list[Invitation]:
        for name in ("first", "second"):
            send(name)
        return [send(f"later-{number}", lifetime_days=number + 1) for number in range(6)]

    @pytest.mark.parametrize(
        ("limit", "days"),
        [(4, [0, 0, 1, 1, 1, 1]), (1, [1, 2, 3, 4, 5, 6]), (100, [0] * 6), (None, [1, 1, 2, 2, 3, 3])],
    )
    def test_the_emails_get_the_times_that_it_permits(
        self,
        rows: list[Invitation],
        by_staff: Principal,
        organization: Organization,
        limit: int | None,
        days: list[int],
    ):
        assert times_of(*rows) == [1, 1, 2, 2, 3, 3]
        with track_changes() as changes:
            set_daily_email_limit(by=by_staff, organization_id=organization.pk, daily_email_limit=limit)
        assert times_of(*rows) == days
        moved = [event for event in changes.events if event.kind == "invitation.rescheduled"]
        assert len(moved) == 6
        assert {event.by for event in moved} == {by_staff.actor_id}

    def test_what_is_due_or_waits_for_a_slot_keeps_its_time(
        self, rows: list[Invitation], by_staff: Principal, organization: Organization
    ):
        make_due(rows[0])
        before = email_of(rows[0])
        set_daily_email_limit(by=by_staff, organization_id=organization.pk, daily_email_limit=100)
        after = email_of(rows[0])
        assert (after.due_at, after.counted_at) == (before.due_at, before.counted_at)


class TestSendingTimes:
    def test_many_times_are_the_same_as_one_after_the_other(
        self, organization: Organization, owner: User, send: Send, where: dict[str, Any]
    ):
        times = sending_times(where["by"], organization, 5)
        one_by_one = [email_of(send(f"invitee-{number}")) for number in range(5)]
        assert [moment is not None for moment in times] == [email.state == "scheduled" for email in one_by_one]
        later: list[datetime] = [moment for moment in times if moment]
        assert all(
            abs(moment - email.due_at) < timedelta(minutes=1)  # type: ignore[operator]
            for moment, email in zip(later, one_by_one[2:], strict=True)
        )

    def test_staff_send_at_once(self, organization: Organization, by_staff: Principal):
        assert sending_times(by_staff, organization, 4) == [None] * 4

    def test_recipients_at_their_limit_are_returned_and_not_counted(self, settings: Settings):
        settings.RECIPIENT_EMAILS_PER_HOUR = 1
        one, two, three = (normalize_address(f"{name}@example.com") for name in ("one", "two", "three"))
        assert count_recipients([one, two, one]) == frozenset()
        assert count_recipients([three, two]) == {two}
        settings.RECIPIENT_EMAILS_PER_HOUR = 2
        assert count_recipients([one, two, three]) == frozenset()
        assert count_recipients([one, two, three]) == {one, two, three}


def test_an_invitation_of_an_older_version_was_emailed(organization: Organization, owner: User):
    row = InvitationFactory.create(organization=organization, inviter=owner)
    assert (row.is_emailed, row.lifetime_days) == (True, None)
