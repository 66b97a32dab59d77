"""How much of what only repeats is run: each case once, or in full with `--full` (`make test-all`).

A race, a crash or a made-up request is run again because its outcome depends on chance. The number of runs changes
how likely a rare fault is found; which cases are run does not depend on it. On a second database, what does not depend
on the database would only be repeated.
"""

import pytest

FIXTURES_OF_THE_DATABASE = {"db", "transactional_db", "live_server"}
MARKERS_OF_THE_DATABASE = {"django_db", "postgresql"}

full = False


def add_options(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run races, crashes and made-up requests many times")
    parser.addoption(
        "--second-database", action="store_true", help="leave out tests whose result no database would change"
    )


def configure(config: pytest.Config) -> None:
    """Remember what the command line asks for."""
    global full  # noqa: PLW0603 - helpers ask for it that have no fixtures
    full = config.getoption("--full")


def times(once: int, *, in_full: int) -> int:
    """Return the first number, or the second with `--full`."""
    return in_full if full else once


def leave_out_repetition(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--second-database`, deselect what has the same result on every database."""
    if config.getoption("--second-database"):
        config.hook.pytest_deselected(items=[item for item in items if not depends_on_database(item)])
        items[:] = [item for item in items if depends_on_database(item)]


def depends_on_database(item: pytest.Item) -> bool:
    """Return whether the test, or a fixture of it, asks for the database, unless `any_database` says it may be any."""
    fixtures = set(getattr(item, "fixturenames", ()))
    markers = {marker.name for marker in item.iter_markers()}
    asks = fixtures & FIXTURES_OF_THE_DATABASE or markers & MARKERS_OF_THE_DATABASE
    return bool(asks) and "any_database" not in markers
