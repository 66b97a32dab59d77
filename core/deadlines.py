"""How long a request may use the database.

In a web process, a statement takes at most ``WEB_STATEMENT_SECONDS``, and a request starts statements only in its first
``WEB_STATEMENT_SECONDS``. So a response begins within twice that time. No thread is interrupted: PostgreSQL cancels
statements itself, and SQLite calls ``is_late`` from time to time.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.signals import request_started
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler

SQLITE_STEPS_BETWEEN_CHECKS = 100_000  # a few milliseconds


class RequestDeadlinePassed(OperationalError):
    """The request has taken too long, and cannot start another statement."""


class RequestClock(threading.local):
    """The limits of the request in this thread, as times of the clock `time.monotonic`."""

    latest_start = math.inf  # of a statement
    latest_end = math.inf  # of the statement that was started last

    def end_deadline(self) -> None:
        """Let the request start statements without a deadline, because its response has begun."""
        self.latest_start = math.inf


request_clock = RequestClock()


class StatementLimit:
    """The limit for the statements of all requests of a process."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def install(self, handler: ConnectionHandler = connections) -> None:
        """Limit all requests and connections from now on. Call this before the first query."""
        for alias in handler:
            if handler[alias].vendor == "postgresql":
                self.limit_on_server(handler.settings[alias]["OPTIONS"])
        request_started.connect(self.start_request, weak=False)
        connection_created.connect(self.watch, weak=False)

    def limit_on_server(self, options: dict[str, Any]) -> None:
        """Let PostgreSQL cancel long statements, and end sessions that are idle in a transaction.

        The options in DATABASE_URL come last, so that they can set other values.
        """
        milliseconds = round(self.seconds * 1000)
        own = f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={2 * milliseconds}"
        options["options"] = f"{own} {options.get('options', '')}".strip()

    def start_request(self, **_: Any) -> None:
        """Start the clock of a request."""
        request_clock.latest_start = time.monotonic() + self.seconds

    def watch(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        """Limit a connection that was just opened."""
        if self.run not in connection.execute_wrappers:
            connection.execute_wrappers.append(self.run)
        if connection.vendor == "sqlite":
            connection.connection.set_progress_handler(is_late, SQLITE_STEPS_BETWEEN_CHECKS)

    def run(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Run a statement. Raises RequestDeadlinePassed if it is too late to start one."""
        now = time.monotonic()
        if now > request_clock.latest_start:
            raise RequestDeadlinePassed("The request has taken too long.")
        request_clock.latest_end = now + self.seconds
        return execute(*statement)


def is_late() -> bool:
    """Return whether the statement that runs in this thread has taken too long."""
    return time.monotonic() > request_clock.latest_end
