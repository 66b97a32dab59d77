"""Examinations of the database: does it answer, its clock, its connections, its migrations."""

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from perfectworks.checks import isolation_errors, superuser_errors
from perfectworks.doctor.findings import Diagnosis, failure, ok, warning

SECONDS_TO_CONNECT = 5
SLOW = 0.05  # seconds for one statement
MAX_DIFFERENCE, MAX_TOLERABLE_DIFFERENCE = timedelta(seconds=2), timedelta(seconds=30)
CONNECTIONS_OF_A_WORKER = 2  # one for each transport
NEARLY_FULL = 0.9


def database() -> Iterator[Diagnosis]:
    """Say whether the database answers, how fast, and whether the service connects as it should."""
    try:
        seconds = _seconds_for_a_statement()
    except AnyDatabaseError as error:
        raise OperationalError(reason_of(error)) from error
    text = f"The database ({connection.display_name}) answers in {seconds * 1000:.1f} ms."
    if seconds > SLOW:
        yield warning(text, "Each request waits for many statements: run the service near its database.")
    else:
        yield ok(text)
    for mistake in [*isolation_errors("default"), *superuser_errors("default")]:
        yield failure(str(mistake.msg), "See docs/operations.md, Database roles.")


def reason_of(error: AnyDatabaseError) -> str:
    """Return why PostgreSQL cannot be reached. The pool only says for how long it has waited."""
    if connection.vendor == "postgresql":
        try:
            psycopg.connect(settings.DATABASE_URL, connect_timeout=SECONDS_TO_CONNECT).close()
        except psycopg.Error as reason:
            return str(reason)
    return str(error)


def _seconds_for_a_statement() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the first one also connects
        started = time.perf_counter()
        cursor.execute("SELECT 1")
    return time.perf_counter() - started


def clock() -> Iterator[Diagnosis]:
    """Compare the clock of this machine with the database's. Invitations expire by the database's clock."""
    if connection.vendor == "sqlite":
        yield ok("SQLite uses the clock of this machine.")
        return
    before = timezone.now()
    theirs = _time_in_database()
    difference = theirs - (before + (timezone.now() - before) / 2)
    yield compare_clocks(difference)


def compare_clocks(difference: timedelta) -> Diagnosis:
    """Say whether the difference of two clocks matters."""
    seconds = abs(difference.total_seconds())
    text = f"The clock of the database and of this machine differ by {seconds:.1f} seconds."
    advice = "Synchronize both with NTP (timedatectl). Codes of two-factor authentication and tokens depend on it."
    if seconds > MAX_TOLERABLE_DIFFERENCE.total_seconds():
        return failure(text, advice)
    return warning(text, advice) if seconds > MAX_DIFFERENCE.total_seconds() else ok(text)


def _time_in_database() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def connections() -> Iterator[Diagnosis]:
    """Say whether the web processes have enough connections, and whether the server has enough for all."""
    if connection.vendor == "sqlite":
        yield ok("SQLite needs no connections.")
        return
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    processes, threads = _number("WEB_CONCURRENCY", 1), _number("WEB_THREADS", 8)
    if threads > pool:
        yield warning(
            f"A web process has {threads} threads, but only {pool} connections.",
            "Set DATABASE_POOL_SIZE to WEB_THREADS or more. Otherwise requests wait for a connection.",
        )
    yield compare_connections(needed=processes * pool + CONNECTIONS_OF_A_WORKER, **_connections_of_server())


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable) or default)


def _connections_of_server() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int,"
            " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
        permitted, open_now = cursor.fetchone()
    return {"permitted": permitted, "open_now": open_now}


def compare_connections(*, needed: int, permitted: int, open_now: int) -> Diagnosis:
    """Say whether the server permits as many connections as are open and as this installation can need."""
    if open_now >= permitted * NEARLY_FULL:
        return failure(
            f"{open_now} of the {permitted} connections that the database permits are open.",
            "See in pg_stat_activity who has them. Raise max_connections, or lower DATABASE_POOL_SIZE.",
        )
    if needed > permitted:
        return warning(
            f"This installation can open {needed} connections, but the database permits {permitted}.",
            "Raise max_connections, or lower WEB_CONCURRENCY or DATABASE_POOL_SIZE, or use a pooler.",
        )
    return ok(f"{open_now} of {permitted} connections are open. This installation opens at most {needed}.")


def migrations() -> Iterator[Diagnosis]:
    """Say whether every migration is applied."""
    loader = MigrationLoader(connection)
    missing = sorted(".".join(key) for key in loader.graph.nodes.keys() - loader.applied_migrations.keys())
    if missing:
        text = f"{len(missing)} migrations are not applied, the first is {missing[0]}."
        yield failure(text, "Run it as the owner of the tables: DATABASE_URL=$DATABASE_OWNER_URL manage.py migrate.")
    else:
        yield ok("Every migration is applied.")
