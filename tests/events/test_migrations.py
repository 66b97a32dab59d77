"""Migrations rename the kinds of stored events, and number them."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from accounts.principals import SERVICE
from events.models import Event
from orgs.models import Organization
from tests.factories import EventFactory


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


# A substitute for the schema editor, because SQLite's schema editor fails in a transaction. The migrations use only
# these attributes.
EDITOR = SimpleNamespace(connection=connection, execute=execute)

pytestmark = pytest.mark.django_db

email_kinds = importlib.import_module("events.migrations.0003_email_kinds")
numbering = importlib.import_module("events.migrations.0009_number_events")
completion = importlib.import_module("events.migrations.0010_every_event_has_its_number")


def stored(event: Event) -> tuple[str, str, dict[str, object]]:
    event.refresh_from_db()
    return event.kind, event.subject_type, event.data


@pytest.fixture
def old_events(owner: User) -> list[Event]:
    bounced = Event.objects.record("mail.bounced", by=SERVICE, subject=owner, mail_kind="invitation", reason="550")
    refused = Event.objects.record("mails.refused", by=SERVICE, subject=owner, reach="all")
    Event.objects.filter(pk=bounced.pk).update(subject_type="mail")
    Event.objects.filter(pk=refused.pk).update(subject_type="mailrefusal")
    return [bounced, refused]


def test_old_names_become_the_names_of_today(old_events: list[Event]) -> None:
    email_kinds.rename(apps, EDITOR)

    assert [stored(event) for event in old_events] == [
        ("email.bounced", "email", {"email_kind": "invitation", "reason": "550"}),
        ("suppression.created", "suppression", {"scope": "all"}),
    ]


def test_the_migration_can_be_undone(old_events: list[Event]) -> None:
    before = [stored(event) for event in old_events]

    email_kinds.rename(apps, EDITOR)
    email_kinds.rename_back(apps, EDITOR)

    assert [stored(event) for event in old_events] == before


@pytest.fixture
def unnumbered(organization: Organization, other_organization: Organization) -> Iterator[list[Event]]:
    """Events of two organizations and of none, as the former version recorded them. Each third is the other's."""
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_CHECK[connection.vendor])
    owners: dict[int, Any] = {
        0: {"organization": other_organization},
        1: {"organization_id": None},
        2: {"organization": organization},
    }
    yield sorted(
        (EventFactory.create(number=None, **owners[place % 3]) for place in range(30)), key=lambda event: event.pk
    )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


WITHOUT_CHECK = {
    "postgresql": "ALTER TABLE events_event DROP CONSTRAINT event_of_organization_has_number",  # until the rollback
    "sqlite": "PRAGMA ignore_check_constraints = ON",
}


def numbers(*organizations: Organization) -> list[list[int | None]]:
    """Return the numbers of each organization's events in the order of their ids."""
    rows = Event.objects.order_by("id").values_list("organization_id", "number")
    return [[number for key, number in rows if key == organization.pk] for organization in organizations]


@pytest.mark.parametrize("batch", [1, 4, 30, 1000])
def test_stored_events_are_numbered_in_the_order_of_their_ids(
    organization: Organization, other_organization: Organization, unnumbered: list[Event], batch: int
):
    numbering.number(apps, EDITOR, batch)

    assert numbers(organization, other_organization) == [list(range(1, 11))] * 2
    assert Event.objects.filter(number=None).count() == 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE (organization_id IS NULL) <> (number IS NULL)")
        assert cursor.fetchone() == (0,)


def test_an_interrupted_migration_continues(
    organization: Organization, other_organization: Organization, unnumbered: list[Event]
):
    class Interrupted(Exception):
        pass

    batches: list[str] = []

    def interrupt(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        batches.extend([sql] if "UPDATE" in sql else [])
        if len(batches) == 3:
            raise Interrupted
        return execute(sql, params, many, context)

    with pytest.raises(Interrupted), connection.execute_wrapper(interrupt):
        numbering.number(apps, EDITOR, 4)
    assert 0 < Event.objects.exclude(number=None).count() <= 8

    completion.number_the_rest(apps, EDITOR)
    assert numbers(organization, other_organization) == [list(range(1, 11))] * 2
