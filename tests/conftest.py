"""Fixtures and hooks for all tests: people, a browser, the database."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase
from hypothesis import settings

from accounts.models import User
from accounts.principals import Method, Principal
from core import request_context
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, VIEWER_ROLE
from tests import repetition
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.chromium import CHROMIUM
from tests.support.emptying import empty_tables
from tests.support.invariants import violations
from tests.support.organization_locks import OrganizationLocks
from tests.support.outbox import Mailbox
from tests.support.people import cast_member
from tests.support.processes import fork_server_process, production_url  # noqa: F401 - fixtures

# No deadline, because the duration of an example depends on the machine.
settings.register_profile("perfectworks", deadline=None)
settings.load_profile("perfectworks")

# With this module, jsonschema would compile grammars for two seconds in each process, to check international addresses
# (IRI). No document of this project has a value in this format.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

# `wraps` keeps the parameters of Django's method, which `test_internal_names.py` compares.
TransactionTestCase._fixture_teardown = wraps(TransactionTestCase._fixture_teardown)(empty_tables)  # type: ignore[attr-defined]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this test suite."""
    parser.addoption("--kills", type=int, help="how often a worker is killed at each point of a delivery")
    parser.addoption("--actions", type=int, help="how many random actions a receiver of webhooks follows")
    parser.addoption("--write-golden", action="store_true", help="rewrite the golden files: tests/dialects")
    repetition.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Configure how often tests are repeated."""
    repetition.configure(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore the files whose tests do not run on a second database."""
    return repetition.ignores(collection_path, config) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests that need a database or a browser that is not available."""
    repetition.leave_out_repetition(config, items)
    if connection.vendor != "postgresql":
        skip_marked(items, "postgresql", "needs PostgreSQL")
    if CHROMIUM is None:
        skip_marked(items, "browser", "needs Chromium")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from examining the modules and the tests again and again: 6 percent of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def skip_marked(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def no_earlier_requests() -> None:
    """Clear the cache, which stores rate limits, and end the request of an earlier test. All tests share both."""
    cache.clear()
    request_context.enter(None)


@pytest.fixture(autouse=True)
def organization_locks(request: pytest.FixtureRequest) -> Iterator[OrganizationLocks | None]:
    """Require that the service locks an organization before it records an event of it."""
    if "db" in request.fixturenames:
        request.getfixturevalue("db")
    if connection.vendor != "postgresql" or not connection.in_atomic_block:
        yield None
        return
    locks = OrganizationLocks()
    with connection.execute_wrapper(locks):
        yield locks
    assert not locks.missing


@pytest.fixture
def intact_data(transactional_db: None) -> Iterator[None]:
    """Require after a test of races or crashes that no row violates an invariant, as `manage.py verify` does."""
    yield
    assert violations() == {}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Close all connections to the test database after the tests. Otherwise PostgreSQL cannot drop it."""
    yield
    if connection.vendor == "postgresql":
        connection.close()  # a test may have broken this connection
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Return a function that creates rows for all tests of a module.

    The changes of a test are rolled back after the test. The rows are rolled back after the module. Do not use this
    fixture in tests that commit.
    """
    kept_rows = transaction.atomic()

    def keep(make: Callable[[], Any]) -> Any:
        with django_db_blocker.unblock():
            return make()

    keep(kept_rows.__enter__)
    yield keep
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        kept_rows.__exit__(None, None, None)


def pytest_report_header() -> str:
    """Show the database vendor in the header of the test run."""
    return f"database: {connection.vendor}"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Return the launch options of the browser, which the plugin starts once.

    Playwright runs an event loop in the thread of the tests. Without the environment variable, Django would reject
    all database queries in this thread.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def base_url() -> str:
    """Replace the plugin's fixture, because it causes a warning."""
    return ""


@pytest.fixture
def mailoutbox(mailoutbox: list[Any]) -> Mailbox:
    """Return the emails that were sent. The emails about accounts are sent when the test looks."""
    return Mailbox()


@pytest.fixture
def principal() -> Callable[..., Principal]:
    def make(user: User | None, method: Method = Method.SESSION, **bounds: Any) -> Principal:
        return Principal(user=user, method=method, **bounds)

    return make


@pytest.fixture
def owner(db: None) -> User:
    return cast_member("owner")


@pytest.fixture
def admin(db: None) -> User:
    return cast_member("admin")


@pytest.fixture
def member(db: None) -> User:
    return cast_member("member")


@pytest.fixture
def invitee(db: None) -> User:
    return cast_member("invitee")


@pytest.fixture
def stranger(db: None) -> User:
    return cast_member("stranger")


@pytest.fixture
def organization(owner: User, admin: User, member: User) -> Organization:
    organization = OrganizationFactory.create(slug="riverside", owners=[owner])
    MembershipFactory.create(organization=organization, user=admin, role_id=ADMIN_ROLE)
    MembershipFactory.create(organization=organization, user=member, role_id=VIEWER_ROLE)
    return organization


@pytest.fixture
def other_organization(stranger: User) -> Organization:
    return OrganizationFactory.create(slug="hillside", owners=[stranger])
