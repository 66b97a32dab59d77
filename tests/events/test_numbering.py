"""The events of an organization are numbered without a gap, and no number is used twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from core.compiled_inserts import MAX_COMPILED
from events import retention
from events.models import Event
from events.retention import cut_events
from orgs.actions.organizations import archive_organization
from orgs.actions.saving import record
from orgs.models import Organization
from tests.factories import EventFactory
from tests.support.organization_locks import OrganizationLocks
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db

MANY = 120  # PostgreSQL copies so many rows


def happen(organization: Organization | None, count: int = 1) -> list[Event]:
    key = organization.pk if organization else None
    subject = organization or User()
    return [Event.objects.record("user.tested", by=SERVICE, subject=subject, organization_id=key) for _ in range(count)]


def numbers_of(organization: Organization) -> list[int | None]:
    return list(Event.objects.of_organization(organization.pk).values_list("number", flat=True))


def test_the_first_event_of_an_organization_has_number_1(organization: Organization, other_organization: Organization):
    assert [row.number for row in happen(organization, 2) + happen(other_organization)] == [1, 2, 1]
    assert happen(None)[0].number is None


def test_the_insert_itself_finds_the_number(organization: Organization):
    with assert_queries(event="INSERT events_event"):
        happen(organization)
    with assert_queries(events="INSERT events_event"), Event.objects.together():
        happen(organization, MAX_COMPILED)


@pytest.mark.parametrize("count", [2, 20, MANY])
def test_events_of_a_block_are_numbered_in_their_order(
    organization: Organization, other_organization: Organization, count: int
):
    happen(organization)
    with Event.objects.together():
        rows = [(happen(organization), happen(None), happen(other_organization)) for _ in range(count)]

    ours, none, others = ([group[0] for group in column] for column in zip(*rows, strict=True))
    assert [row.number for row in ours] == list(range(2, count + 2))
    assert [row.number for row in others] == list(range(1, count + 1))
    assert {row.number for row in none} == {None}
    assert list(Event.objects.of_organization(organization.pk))[1:] == ours


def test_a_block_within_a_block_keeps_the_order(organization: Organization):
    with assert_queries(events="INSERT events_event"), Event.objects.together():
        first = happen(organization)
        with Event.objects.together():
            second = happen(organization)
        last = happen(organization)
    assert list(Event.objects.of_organization(organization.pk)) == first + second + last


def test_events_that_were_rolled_back_leave_no_gap(organization: Organization):
    happen(organization)
    with transaction.atomic():
        happen(organization, 3)
        transaction.set_rollback(True)
    assert happen(organization)[0].number == 2


@pytest.mark.parametrize(
    "values", [{"number": 1}, {"number": None}, {"number": 0}, {"organization_id": None, "number": 1}]
)
def test_the_database_refuses_other_numbers(organization: Organization, values: dict[str, Any]):
    """A number that exists, an event of an organization without a number, and a number without an organization."""
    happen(organization)
    with pytest.raises(IntegrityError), transaction.atomic():
        EventFactory.create(organization=organization, **values)


@pytest.mark.postgresql
@pytest.mark.parametrize("lock", ['SELECT id FROM "orgs_organization" WHERE id = %s FOR NO KEY UPDATE', None])
def test_the_tests_notice_events_without_a_lock(
    organization: Organization, organization_locks: OrganizationLocks, lock: str | None
):
    with transaction.atomic(), connection.cursor() as cursor:
        if lock:
            cursor.execute(lock, [organization.pk])
        record("user.tested", SERVICE, organization, organization)
    assert organization_locks.missing == ([] if lock else [ANY])
    organization_locks.missing.clear()


@pytest.mark.postgresql
def test_a_lock_of_an_earlier_action_does_not_count(
    organization: Organization, organization_locks: OrganizationLocks, principal: Callable[..., Principal], owner: User
):
    archive_organization(by=principal(owner), organization_id=organization.pk)
    assert not organization_locks.missing
    with transaction.atomic():
        record("user.tested", SERVICE, organization, organization)
    assert organization_locks.missing
    organization_locks.missing.clear()


# Retention


@pytest.fixture
def old_and_new(organization: Organization) -> list[Event]:
    """Five old events and two new ones. A clock that was late made the sixth older than its neighbors."""
    days = (9, 8, 8, 9, 7, 3, 9)
    return [
        EventFactory.create(organization=organization, created_at=timezone.now() - timedelta(days=ago)) for ago in days
    ]


def days_ago(days: int) -> object:
    return timezone.now() - timedelta(days=days)


def test_only_the_oldest_events_are_cut(
    organization: Organization, other_organization: Organization, old_and_new: list[Event]
):
    EventFactory.create(organization=other_organization, created_at=days_ago(9))

    assert cut_events(organization.pk, before=timezone.now() - timedelta(days=5)) == 5

    assert numbers_of(organization) == [6, 7]
    assert numbers_of(other_organization) == [1]
    assert cut_events(organization.pk, before=timezone.now() - timedelta(days=5)) == 0


def test_the_newest_event_stays_so_that_no_number_is_used_again(organization: Organization, old_and_new: list[Event]):
    assert cut_events(organization.pk, before=timezone.now()) == 6
    assert cut_events(organization.pk, before=timezone.now()) == 0

    assert happen(organization)[0].number == 8
    assert numbers_of(organization) == [7, 8]


def test_many_events_are_cut_in_steps(
    organization: Organization, old_and_new: list[Event], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retention, "MAX_CUT", 2)
    counts = [cut_events(organization.pk, before=timezone.now() - timedelta(days=5)) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


def test_an_organization_without_events_has_nothing_to_cut(organization: Organization):
    assert cut_events(organization.pk, before=timezone.now()) == 0
