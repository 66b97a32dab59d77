"""Run several callers at once, in threads with their own database connections."""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from core.errors import DomainError
from events.models import Event
from orgs.models import Organization
from tests.repetition import times

PATIENCE = 60.0


def rounds() -> Iterable[int]:
    """Return the rounds of a race. The environment variable ``RACE_ROUNDS`` sets their number.

    On SQLite, few rounds are enough, because it allows only one writer at a time.
    """
    in_full = 10 if connection.vendor == "postgresql" else 3
    return range(int(os.environ.get("RACE_ROUNDS") or times(1, in_full=in_full)))


def race(*contenders: Callable[[], Any]) -> list[Any]:
    """Run all contenders at once. Return the result or domain error of each, in order. Raise any other error."""
    barrier = Barrier(len(contenders), timeout=PATIENCE)

    def run(contender: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return contender()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(contenders)) as pool:
        futures = [pool.submit(run, contender) for contender in contenders]
        return [future.result(timeout=PATIENCE) for future in futures]


def refusals(outcomes: list[Any]) -> list[type[DomainError]]:
    """Return the classes of the domain errors among the outcomes."""
    return [type(outcome) for outcome in outcomes if isinstance(outcome, DomainError)]


def kinds(organization: Organization) -> list[str]:
    """Return the kinds of an organization's events, in order."""
    return list(Event.objects.of_organization(organization.pk).values_list("kind", flat=True))


def wait_until_somebody_waits() -> None:
    """Wait until another connection to this database is blocked by a lock (PostgreSQL)."""
    give_up = time.monotonic() + PATIENCE
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        while not cursor.execute(waiting) or cursor.fetchone() is None:
            assert time.monotonic() < give_up, "Nobody waits."
