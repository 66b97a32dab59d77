"""Fixtures of the tests of the outbox, and the results of the kills."""

import pytest

from tests.outbox.fixtures import *  # noqa: F403
from tests.outbox.kill_points import TALLIES, table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the results of the kills if ``--kills`` is given."""
    if TALLIES and terminalreporter.config.getoption("--kills"):
        terminalreporter.section("results of the kills")
        for line in table():
            terminalreporter.write_line(line)
