"""What is old is deleted: by the worker once an hour, and by ``manage.py prune`` at once. A legal hold prevents it."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.principals import staff
from core.ids import first_uuid7, uuid7
from events.models import Event
from invitations.actions import retention as invitation_retention
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from orgs.actions.organizations import (
    DeletionOnHold,
    archive_organization,
    purge_organization,
    set_legal_hold,
)
from orgs.models import Organization
from orgs.policies import PermissionMissing
from perfectworks import retention
from perfectworks.retention import delete_old_rows, hourly
from tests.factories import (
    AccountEmailFactory,
    AttemptFactory,
    EmailFactory,
    EventFactory,
    InvitationFactory,
    UserFactory,
    WebhookMessageFactory,
)
from tests.support.changes import event, track_changes
from tests.support.invariants import violations
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

OLD, RECENT = timedelta(days=100), timedelta(days=80)


@pytest.fixture(autouse=True)
def _kept_for_ninety_days(settings: Any) -> None:
    settings.INVITATION_RETENTION_DAYS = settings.EVENT_RETENTION_DAYS = 90


@pytest.fixture
def administrator(db: None) -> Any:
    return staff(UserFactory.create(email="root@example.com", superuser=True), "orgs.delete_organization")


def made(age: timedelta) -> dict[str, Any]:
    """Return the columns of a row that was made so long ago."""
    moment = timezone.now() - age
    key = first_uuid7(moment).int | uuid7().int & (1 << 62) - 1
    return {"id": type(uuid7())(int=key), "created_at": moment}


def ended(age: timedelta, **values: Any) -> Invitation:
    """Return an expired invitation that ended so long ago, with an email."""
    ended_at = timezone.now() - age
    columns = {**made(age + timedelta(days=10)), "status": "expired", "finished_at": ended_at, "expires_at": ended_at}
    invitation: Invitation = InvitationFactory.create(**{**columns, **values})
    AttemptFactory.create(email=EmailFactory.create(invitation=invitation, sent=True))
    return invitation


def run(**options: Any) -> str:
    out = StringIO()
    call_command("prune", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def rows() -> tuple[int, int, int]:
    return Invitation.objects.count(), Email.objects.count(), Attempt.objects.count()


class TestInvitations:
    def test_those_that_ended_long_ago_are_deleted_with_their_emails(self, organization):
        ended(OLD, organization=organization)
        recent = ended(RECENT, organization=organization)
        open_since_long = InvitationFactory.create(organization=organization, **made(OLD))

        assert run().splitlines()[0] == ("ended invitations, with their emails: 1 deleted that are older than 90 days")
        assert set(Invitation.objects.all()) == {recent, open_since_long}
        assert rows() == (2, 1, 1)
        assert violations() == {}

    def test_one_whose_email_another_one_shares_stays_as_long_as_the_other(self, organization):
        first = ended(OLD, organization=organization)
        Invitation.objects.filter(pk=first.pk).update(shares_email_of=first)
        second = InvitationFactory.create(organization=organization, email=first.email, shares_email_of=first)

        run()
        assert Invitation.objects.count() == 2

        long_ago = timezone.now() - OLD
        Invitation.objects.filter(pk=second.pk).update(
            **made(OLD) | {"id": second.pk}, status="declined", finished_at=long_ago
        )
        run()
        assert [row.pk for row in Invitation.objects.all()] == [second.pk]

    def test_the_one_that_replaced_it_stays(self, organization):
        newer = ended(RECENT, organization=organization)
        ended(OLD, organization=organization, superseded_by=newer)

        run()
        assert [*Invitation.objects.all()] == [newer]

    def test_each_transaction_deletes_some_of_one_organization(self, organization, other_organization, monkeypatch):
        monkeypatch.setattr(invitation_retention, "MAX_DELETED", 2)
        for _ in range(3):
            ended(OLD, organization=organization)
        ended(OLD, organization=other_organization)

        moment = timezone.now() - timedelta(days=90)
        steps = list(invitation_retention.delete_ended_before(moment))
        assert sorted(steps) == [1, 1, 2]


class TestEvents:
    def numbers(self, organization: Organization) -> list[int | None]:
        return list(Event.objects.of_organization(organization.pk).values_list("number", flat=True))

    def test_the_oldest_of_an_organization_are_deleted_and_the_newest_stays(self, organization, other_organization):
        for age in (OLD, OLD, RECENT, OLD):
            EventFactory.create(organization=organization, **made(age))
        for _ in range(3):
            EventFactory.create(organization=other_organization, **made(OLD))

        assert run().splitlines()[1] == "events of organizations: 4 deleted that are older than 90 days"
        assert (self.numbers(organization), self.numbers(other_organization)) == ([3, 4], [3])
        assert violations() == {}

    def test_those_of_an_organization_that_was_deleted_are_deleted_too(self, owner):
        gone = uuid7()
        for kind in ("organization.created", "organization.archived", "organization.purged"):
            EventFactory.create(organization=None, organization_id=gone, subject_id=gone, kind=kind, **made(OLD))

        assert "events of organizations: 2 would be deleted" in run(dry_run=True)
        run()
        assert [found.kind for found in Event.objects.all()] == ["organization.purged"]

    def test_those_of_accounts_are_deleted_except_who_ended_one(self, member):
        values = {"organization": None, "organization_id": None, "number": None, "subject_type": "user"}
        for kind in ("user.signed_in", "user.deleted"):
            EventFactory.create(kind=kind, subject_id=member.pk, **values, **made(OLD))
        EventFactory.create(kind="user.signed_in", subject_id=member.pk, **values, **made(RECENT))

        assert run().splitlines()[2] == "events of accounts: 1 deleted that are older than 90 days"
        assert set(Event.objects.values_list("kind", flat=True)) == {"user.deleted", "user.signed_in"}


@pytest.fixture
def old_rows(organization: Organization) -> None:
    ended(OLD, organization=organization)
    for _ in range(3):
        EventFactory.create(organization=organization, **made(OLD))
    old = {"created_at": timezone.now() - timedelta(days=31)}
    WebhookMessageFactory.create(organization=organization, **old)
    AccountEmailFactory.create(sent=True, **old)


COUNTS = {
    "endedInvitations": {"days": 90, "rows": 1},
    "organizationEvents": {"days": 90, "rows": 2},
    "accountEvents": {"days": 90, "rows": 0},
    "webhooks": {"days": 30, "rows": 1},
    "accountEmails": {"days": 30, "rows": 1},
}


def test_a_dry_run_counts_the_same_and_changes_nothing(old_rows):
    with track_changes() as changes:
        counted = json.loads(run(dry_run=True, json=True))
    assert changes.nothing

    assert counted == {"dryRun": True, "deleted": COUNTS}
    assert json.loads(run(json=True)) == {"dryRun": False, "deleted": COUNTS}
    assert {found["rows"] for found in json.loads(run(json=True))["deleted"].values()} == {0}


def test_by_default_everything_is_kept(old_rows, settings):
    settings.INVITATION_RETENTION_DAYS = settings.EVENT_RETENTION_DAYS = 0
    settings.DELIVERY_RETENTION_DAYS = 40

    with track_changes() as changes:
        assert "events of accounts: kept, because EVENT_RETENTION_DAYS is 0" in run()
    assert changes.nothing


def test_the_worker_deletes_a_few_steps_at_a_time(old_rows, monkeypatch):
    monkeypatch.setattr(retention, "MAX_STEPS", 1)

    assert [delete_old_rows() for _ in range(5)] == [True, True, True, True, False]
    assert (Invitation.objects.count(), Event.objects.count()) == (0, 1)


def test_the_worker_begins_again_after_an_hour(monkeypatch):
    times, calls, more = [1000.0], [], [True, False, False]
    monkeypatch.setattr("perfectworks.retention.time.monotonic", lambda: times[-1])

    def task() -> bool:
        calls.append(times[-1])
        return more[len(calls) - 1]

    run_hourly = hourly(task)
    for moment in (1000.0, 1060.0, 1120.0, 4000.0, 4700.0):
        times.append(moment)
        run_hourly()

    assert calls == [1000.0, 1060.0, 4700.0]


class TestLegalHold:
    def test_nothing_of_the_organization_is_deleted(self, organization, old_rows, administrator):
        set_legal_hold(by=administrator, organization_id=organization.pk, legal_hold=True)

        with track_changes() as changes:
            run()
        assert (changes.tables, changes.emails, changes.events) == ({}, (0, 0, 1), [])
        assert {found["rows"] for found in json.loads(run(json=True, dry_run=True))["deleted"].values()} == {0}

        set_legal_hold(by=administrator, organization_id=organization.pk, legal_hold=False)
        run()
        assert (Invitation.objects.count(), Event.objects.of_organization(organization.pk).count()) == (0, 1)

    def test_its_event_is_for_staff_only(self, organization, administrator):
        with track_changes() as changes:
            set_legal_hold(by=administrator, organization_id=organization.pk, legal_hold=True)

        assert changes.tables == {"orgs.Organization": (0, 1, 0)}
        assert changes.events == [event("organization.legal_hold_set", organization, administrator, legal_hold=True)]

    def test_the_organization_cannot_be_deleted_for_good(self, organization, owner, administrator):
        archive_organization(by=session_of(owner), organization_id=organization.pk)
        set_legal_hold(by=administrator, organization_id=organization.pk, legal_hold=True)

        for by in (session_of(owner), administrator):
            with track_changes() as changes, pytest.raises(DeletionOnHold):
                purge_organization(by=by, organization_id=organization.pk)
            assert changes.nothing

    def test_only_staff_set_it(self, organization, owner):
        with pytest.raises(PermissionMissing):
            set_legal_hold(by=session_of(owner), organization_id=organization.pk, legal_hold=True)
