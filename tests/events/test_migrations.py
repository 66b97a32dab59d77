"""Migrations rename the kinds of stored events."""

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from accounts.principals import SERVICE
from events.models import Event

# A substitute for the schema editor, because SQLite's schema editor fails in a transaction. The migration uses only
# this attribute.
EDITOR = SimpleNamespace(connection=connection)

pytestmark = pytest.mark.django_db

email_kinds = importlib.import_module("events.migrations.0003_email_kinds")


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
