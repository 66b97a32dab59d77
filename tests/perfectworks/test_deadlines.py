"""Test that web processes limit statements and requests, that commands do not, and how both limits are answered."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from django import db
from django.core.signals import request_started
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler
from django.test import Client

from core.api.errors import problem_of
from core.deadlines import RequestDeadlinePassed, StatementLimit, request_clock
from perfectworks.settings import POSTGRESQL_OPTIONS
from tests.perfectworks.test_serve import PROJECT
from tests.perfectworks.test_unavailable import AWAY, BUSY, api_path
from tests.perfectworks.test_web_server import DIALECTS
from tests.support.pages import visible_text
from tests.support.project_settings import PRODUCTION

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
NOTHING = 1e-9  # seconds


@pytest.fixture(autouse=True)
def no_deadline() -> Iterator[None]:
    """Leave the thread of the tests without a deadline."""
    yield
    vars(request_clock).clear()


@contextmanager
def limited(seconds: float, **options: Any) -> Iterator[Any]:
    """Return a database of its own, as in a process that limits statements."""
    if connection.vendor == "postgresql":
        options = deepcopy(POSTGRESQL_OPTIONS) | options
    handler = ConnectionHandler({"default": {}, "limited": connection.settings_dict | {"OPTIONS": options}})
    limit = StatementLimit(seconds)
    limit.install(handler)
    database: Any = handler["limited"]
    try:
        yield database
    finally:
        request_started.disconnect(limit.start_request)
        connection_created.disconnect(limit.watch)
        database.close()
        if "pool" in options:
            database.close_pool()


@pytest.fixture
def late(db: None) -> Iterator[None]:
    """Let the deadline of every request pass at once."""
    limit = StatementLimit(NOTHING)
    request_started.connect(limit.start_request)
    with connection.execute_wrapper(limit.run):
        yield
    request_started.disconnect(limit.start_request)


def assert_is_busy(error: db.Error) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code, problem.message) == BUSY
    assert problem.headers == {"Retry-After": "2"}


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_canceled_and_its_connection_still_works():
    with limited(0.1) as database, database.cursor() as cursor:
        with pytest.raises(db.OperationalError) as raised:
            cursor.execute(ENDLESS)
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert_is_busy(raised.value)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_transaction_that_stands_still_loses_its_locks():
    with limited(0.1) as database, database.cursor() as cursor:
        database.set_autocommit(False)
        cursor.execute("SELECT 1")
        assert select.select([database.connection.fileno()], [], [], 20)[0]  # the server says that it ends the session
        with pytest.raises(db.Error) as raised:
            cursor.execute("SELECT 1")
    assert_is_busy(raised.value)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_options_of_the_address_override_the_limit():
    with limited(5, options="-c statement_timeout=7s") as database, database.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("7s",)


@pytest.mark.django_db
def test_a_request_starts_no_statement_after_its_deadline_and_the_next_request_does():
    with limited(30) as database, database.cursor() as cursor:
        request_started.send(sender=None)
        cursor.execute("SELECT 1")
        request_clock.latest_start = 0
        with pytest.raises(RequestDeadlinePassed):
            cursor.execute("SELECT 1")
        request_started.send(sender=None)
        cursor.execute("SELECT 1")


@pytest.mark.django_db
def test_what_a_request_has_written_before_its_deadline_is_rolled_back():
    with limited(30) as database:
        request_started.send(sender=None)
        with database.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE written (number integer)")
        database.set_autocommit(False)
        with database.cursor() as cursor:
            cursor.execute("INSERT INTO written VALUES (1)")
            request_clock.latest_start = 0
            with pytest.raises(RequestDeadlinePassed):
                cursor.execute("INSERT INTO written VALUES (2)")
        database.rollback()
        database.set_autocommit(True)
        request_clock.end_deadline()
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM written")
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(("path", "error_body"), DIALECTS.items())
def test_an_api_says_in_its_own_format_that_the_deadline_has_passed(late, owner, path, error_body):
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    headers = {} if "wacht" in path else {"Authorization": "Bearer token"}
    response = client.get(api_path(path), headers=headers)

    assert (response.status_code, response.json(), response["Retry-After"]) == (503, error_body(*BUSY, {}), "2")


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/orgs/organization/"])
def test_a_page_says_that_the_deadline_has_passed(late, owner, path):
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    response: Any = client.get(path)

    assert (response.status_code, visible_text(response), response["Retry-After"]) == (503, AWAY, "2")


SHOW = (
    "from django.db import connection as c; a = c.cursor(); a.execute('SHOW statement_timeout'); print(a.fetchone()[0])"
)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("first", "seconds", "shown"),
    [
        ("import perfectworks.wsgi", "", "10s"),
        ("import perfectworks.wsgi", "7", "7s"),
        ("import perfectworks.wsgi", "0", "0"),
        ("import django; django.setup()", "7", "0"),
    ],
    ids=["web", "web with a setting", "web without limits", "command"],
)
def test_only_web_processes_limit_statements(first, seconds, shown):
    server = connection.settings_dict
    address = f"{server['USER']}:{server['PASSWORD']}@{server['HOST'] or '127.0.0.1'}:{server['PORT'] or 5432}"
    variables = PRODUCTION | {"DEBUG": "1", "DATABASE_URL": f"postgres://{address}/postgres"}
    variables |= {"DJANGO_SETTINGS_MODULE": "perfectworks.settings", "WEB_STATEMENT_SECONDS": seconds}
    finished = subprocess.run(
        [sys.executable, "-c", f"{first}; {SHOW}"],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert finished.stdout.splitlines()[-1:] == [shown], finished.stderr
