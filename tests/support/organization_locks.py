"""Find events of organizations that the service records without the lock of the organization.

Their numbers would not be in the order of commits, or two transactions would compute the same number. Only PostgreSQL
has statements that lock rows. On SQLite, each transaction that writes locks the database.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from events.numbering import insert_events
from orgs.models import Organization

PROJECT = Path(__file__).parents[2]
RECORDERS = ("accounts", "invitations", "orgs")
TABLE = f'"{Organization._meta.db_table}"'
# An INSERT, or the query that numbers the events of a COPY.
RECORDING = ('INSERT INTO "events_event"', 'SELECT "events_event"."number"')


class OrganizationLocks:
    """Follows the statements of a test. The test runs in a transaction, so each action has a savepoint of its own."""

    def __init__(self) -> None:
        self.depth = len(connection.savepoint_ids)
        self.held: dict[UUID, str | None] = {}
        self.missing: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str):  # and not a composed statement of a test
            self._follow(sql, params)
        return execute(sql, params, many, context)

    def _follow(self, sql: str, params: Any) -> None:
        if sql.startswith(RECORDING):
            self._require([value for value in params if isinstance(value, UUID)])
        if sql.startswith(f"INSERT INTO {TABLE}"):
            self._hold(value for value in params if isinstance(value, UUID))
        if f"FROM {TABLE}" in sql and "FOR NO KEY UPDATE" in sql:
            self._hold(self._first_column(sql, params))

    def _hold(self, keys: Any) -> None:
        self.held |= dict.fromkeys(keys, self._action())

    def _require(self, keys: list[UUID]) -> None:
        recorder = recording_line()
        if recorder is None:
            return
        organizations = self._first_column(f"SELECT id FROM {TABLE} WHERE id = ANY(%s)", [keys])
        action = self._action()
        if any(key not in self.held or self.held[key] != action for key in organizations):
            self.missing.append(recorder)

    def _action(self) -> str | None:
        """Return the savepoint of the outermost transaction within the test's transaction, if there is one."""
        inside = connection.savepoint_ids[self.depth :]
        return inside[0] if inside else None

    def _first_column(self, sql: str, params: Any) -> list[UUID]:
        assert connection.connection is not None
        with connection.connection.cursor() as cursor:  # of the driver, so that this statement is not followed
            return [row[0] for row in cursor.execute(sql, params).fetchall()]


def recording_line() -> str | None:
    """Return the line that recorded the event. Return None if a test did it itself, or if no event is recorded."""
    frame, is_recording = inspect.currentframe(), False
    while frame:
        path = Path(frame.f_code.co_filename)
        package = path.relative_to(PROJECT).parts[0] if path.is_relative_to(PROJECT) else ""
        is_recording = is_recording or frame.f_code is insert_events.__code__
        if package in RECORDERS:
            return f"{path.relative_to(PROJECT)}:{frame.f_lineno} {frame.f_code.co_name}" if is_recording else None
        if package == "tests" and path != Path(__file__):
            return None
        frame = frame.f_back
    return None
