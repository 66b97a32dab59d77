"""Configure how often tests are repeated: once, or many times with `--full` (`make test-all`).

Tests of races, crashes and random requests are repeated because their results depend on chance. More repetitions make
it more likely that a rare bug is found. The test cases are the same in both modes. On a second database, tests that do
not depend on the database are skipped, because their results would be the same.
"""

from fnmatch import fnmatch
from pathlib import Path

import pytest

FIXTURES_OF_THE_DATABASE = {"db", "transactional_db", "live_server"}
MARKERS_OF_THE_DATABASE = {"django_db", "postgresql"}
# Tests of HTTP, pages and texts, and of what actions record and refuse. Other tests run the same queries on both
# databases: those of actions, querysets, lists, constraints, deliveries and races. `any_database` marks single tests.
ABOUT_NO_QUERIES = (
    "tests/*/api/*",
    "tests/*/pages/*",
    "tests/actions/test_changed_fields.py",
    "tests/actions/test_refusals.py",
    "tests/admin/test_account_buttons.py",
    "tests/admin/test_admin.py",
    "tests/admin/test_confirmation.py",
    "tests/admin/test_oauth.py",
    "tests/admin/test_parameters.py",
    "tests/admin/test_start_page.py",
    "tests/admin/test_staff_invitations.py",
    "tests/accounts/oauth/*",
    "tests/accounts/test_authentication.py",
    "tests/conformance/*",
    "tests/dialects/test_common*",
    "tests/dialects/test_golden.py",
    "tests/factories/*",
    "tests/invitations/email/test_webhook.py",
    "tests/languages/*",
    "tests/perfectworks/test_demo*.py",
    "tests/perfectworks/test_neighbor_paths.py",
    "tests/test_entity_tags.py",
    "tests/test_lessons.py",
    "tests/test_permission_matrix.py",
)
# Files that match these patterns are not meant above.
ABOUT_QUERIES = (
    "tests/*/api/*list*.py",
    "tests/invitations/api/test_idempotency.py",
    "tests/invitations/api/test_lookup.py",
    "tests/invitations/api/test_statements.py",
)

full = False


def add_options(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run races, crashes and made-up requests many times")
    parser.addoption(
        "--second-database", action="store_true", help="leave out tests whose result no database would change"
    )


def configure(config: pytest.Config) -> None:
    """Store whether the command line has `--full`."""
    global full  # noqa: PLW0603 - helpers without access to fixtures read it
    full = config.getoption("--full")


def times(once: int, *, in_full: int) -> int:
    """Return `once`, or `in_full` with `--full`."""
    return in_full if full else once


def ignores(path: Path, config: pytest.Config) -> bool:
    """Return whether no test of the file or folder runs, so that it need not be imported."""
    return (
        path.suffix == ".py"
        and config.getoption("--second-database")
        and not full
        and is_about_no_queries(path, config)
        and "postgresql" not in path.read_text()
    )


def leave_out_repetition(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--second-database`, deselect the tests that do not depend on the database."""
    if config.getoption("--second-database"):
        config.hook.pytest_deselected(items=[item for item in items if not depends_on_database(item)])
        items[:] = [item for item in items if depends_on_database(item)]


def depends_on_database(item: pytest.Item) -> bool:
    """Return whether the result of the test depends on the database.

    It does if the test or one of its fixtures uses the database, but not if the test has the marker `browser`: other
    tests run the same queries on both databases. Without `--full`, `any_database` and `ABOUT_NO_QUERIES` exclude more,
    but no test with the marker `postgresql`, which runs nowhere else.
    """
    fixtures = set(getattr(item, "fixturenames", ()))
    markers = {marker.name for marker in item.iter_markers()}
    if "postgresql" in markers or not fixtures & FIXTURES_OF_THE_DATABASE | markers & MARKERS_OF_THE_DATABASE:
        return "postgresql" in markers
    return "browser" not in markers and (
        full or not ("any_database" in markers or is_about_no_queries(item.path, item.config))
    )


def is_about_no_queries(path: Path, config: pytest.Config) -> bool:
    """Return whether the file is one of `ABOUT_NO_QUERIES`."""
    name = path.relative_to(config.rootpath).as_posix()
    return matches(name, ABOUT_NO_QUERIES) and not matches(name, ABOUT_QUERIES)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
