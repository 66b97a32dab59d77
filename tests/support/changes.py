"""Track the database changes of a block: changed rows per table, and new events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest.mock import ANY
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from accounts.models import User
from accounts.principals import Method, Principal
from events.models import Event
from orgs.models import Organization
from tests.support.packages import APPS

OURS = (*APPS, "account")


class RecordedEvent(NamedTuple):
    """An event without its id and date.

    ``tests/actions/test_changed_fields.py`` compares the changed fields of all actions with the rows, so an expected
    event that does not name them is equal to any.
    """

    kind: str
    subject: tuple[str, UUID]
    by: UUID | None
    method: str
    organization: UUID | None
    data: dict[str, Any]
    changed: Any = ANY
    old: Any = ANY
    new: Any = ANY


def event(
    kind: str,
    subject: models.Model,
    by: User | Principal | None,
    organization: Organization | None = None,
    **data: object,
) -> RecordedEvent:
    """Return the expected event. In `by`, a user means a session of that user, and None means the service itself."""
    if not isinstance(by, Principal):
        by = Principal(user=by, method=Method.SESSION if by else Method.SERVICE)
    return RecordedEvent(
        kind,
        (str(subject._meta.model_name), UUID(str(subject.pk))),
        by.actor_id,
        str(by.method),
        organization.pk if organization else None,
        *without_changes(json.loads(json.dumps(data, cls=DjangoJSONEncoder)), missing=ANY),
    )


def recorded(row: Event) -> RecordedEvent:
    subject = (row.subject_type, row.subject_id)
    data = without_changes(row.data, missing=None)
    return RecordedEvent(row.kind, subject, row.actor_id, row.actor_method, row.organization_id, *data)


def without_changes(data: dict[str, Any], *, missing: Any) -> tuple[Any, ...]:
    """Return the data without the changed fields, then ``changed``, ``old`` and ``new``."""
    others = dict(data)
    return others, *[others.pop(name, missing) for name in ("changed", "old", "new")]


@dataclass
class Changes:
    """The number of rows ``(added, changed, removed)`` per table, and the new events in order.

    `counted` has the changes of the sending counters, `sessions` those of the browsers' sessions, and `emails` those of
    the emails about accounts. `tables` does not include them.
    """

    tables: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    counted: tuple[int, int, int] = (0, 0, 0)
    sessions: tuple[int, int, int] = (0, 0, 0)
    emails: tuple[int, int, int] = (0, 0, 0)
    events: list[RecordedEvent] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not self.tables and not self.events and not any(self.counted) and not any(self.emails)

    @property
    def only_an_email(self) -> bool:
        """Whether nothing has changed, but an email about an account is queued."""
        return self.emails == (1, 0, 0) and not self.tables and not self.events and not any(self.counted)


@contextmanager
def track_changes() -> Iterator[Changes]:
    """Yield a `Changes` object. It is filled in when the block ends, even if the block raises an exception."""
    changes = Changes()
    before = stored_rows()
    known = set(Event.objects.values_list("pk", flat=True))
    try:
        yield changes
    finally:
        after = stored_rows()
        changes.tables = {
            table: counts for table, rows in after.items() if any(counts := _difference(before[table], rows))
        }
        changes.tables.pop("events.Event", None)
        changes.counted = changes.tables.pop("invitations.SendingCounter", (0, 0, 0))
        changes.sessions = changes.tables.pop("accounts.Session", (0, 0, 0))
        changes.emails = changes.tables.pop("accounts.AccountEmail", (0, 0, 0))
        changes.events = [recorded(row) for row in Event.objects.exclude(pk__in=known).order_by("id")]


def all_models() -> list[type[models.Model]]:
    """Return every model except those of the tests, whose tables do not always exist."""
    return [model for model in apps.get_models() if not model.__module__.startswith("tests.")]


def stored_rows() -> dict[str, dict[Any, tuple[Any, ...]]]:
    """Return the same rows as `all_rows`, but as raw database values."""
    return {model._meta.label: rows_of(model) for model in all_models() if model._meta.app_label in OURS}


def rows_of(model: type[models.Model]) -> dict[Any, tuple[Any, ...]]:
    """Return the rows of a table by primary key. Read raw rows, because model objects are ten times slower."""
    assert model._meta.pk is not None
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{model._meta.pk.column}", * FROM "{model._meta.db_table}"')
        return {row[0]: row for row in cursor.fetchall()}


def all_rows() -> dict[str, dict[Any, dict[str, Any]]]:
    found = [model for model in apps.get_models() if model._meta.app_label in OURS]
    return {model._meta.label: {row[_key(model)]: row for row in model._default_manager.values()} for model in found}


def _key(model: type[models.Model]) -> str:
    assert model._meta.pk is not None
    return model._meta.pk.attname


def _difference(before: dict[Any, Any], after: dict[Any, Any]) -> tuple[int, int, int]:
    changed = sum(1 for key in before.keys() & after.keys() if before[key] != after[key])
    return len(after.keys() - before.keys()), changed, len(before.keys() - after.keys())
