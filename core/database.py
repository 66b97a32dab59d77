"""How long requests wait for the database."""

import select
import threading
import time
from collections.abc import Generator
from typing import Any

import psycopg
from django.db import connections
from django.db.utils import ConnectionHandler

CHECK_OF_STATEMENT = "RevalidateCachedQuery"  # in PostgreSQL, whose message depends on its language
SECONDS_FOR_CONNECTION = 0.7
SECONDS_FOR_CHECK = 0.3
SECONDS_BETWEEN_QUERIES = 0.5
SECONDS_WHILE_AWAY = 0.1
SECONDS_AFTER_FAILURE = 6  # longer than one attempt to connect to a server that does not respond


def wait_briefly_for_connections(handler: ConnectionHandler = connections) -> None:
    """Let this process wait less than a second for a connection from the pool.

    For web processes: their threads must not wait for a database that does not respond. Commands wait longer. Call this
    before the first query.
    """
    for alias in handler:
        pool = handler.settings[alias]["OPTIONS"].get("pool")
        if pool:
            pool |= {
                "connection_class": CheckedConnection,
                "timeout": SECONDS_FOR_CONNECTION,
                "reconnect_failed": Impatience().note_failure,
            }


def close_connections_and_pools(handler: ConnectionHandler = connections) -> None:
    """Close the connections of this thread, and the pools with all of their threads. The process may then be forked."""
    for connection in handler.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]


class CheckedConnection(psycopg.Connection[Any]):
    """A connection that fails the pool's check if the server has closed it, or does not respond in time.

    The check is an empty query. While the server has responded within ``SECONDS_BETWEEN_QUERIES``, the check only looks
    whether something has arrived at the socket, because a server that closes the connection says so. The query has a
    time limit, ``SECONDS_FOR_CHECK``. Without it, a thread would wait until the database responds.
    """

    is_checking = False
    responded_at = 0.0

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        """Run a query, or the pool's check if it is empty. Raises OperationalError if the check fails."""
        if query != "":
            return super().execute(query, *args, **options)
        pool: Any = self._pool  # None if the pool itself checks the connections that nobody uses
        try:
            self._check()
        except psycopg.OperationalError:
            # The server has probably closed other connections too. The pool itself would check only one each second.
            if pool and self.closed:
                pool.check()
            raise
        return None

    def _check(self) -> None:
        if time.monotonic() < self.responded_at + SECONDS_BETWEEN_QUERIES and not self._has_input():
            return
        self.is_checking = True
        try:
            super().execute("")
        finally:
            self.is_checking = False
        self.responded_at = time.monotonic()

    def _has_input(self) -> bool:
        """Return whether something has arrived that nobody has read. Nothing does on a healthy idle connection."""
        socket = select.poll()
        socket.register(self.fileno(), select.POLLIN)
        return bool(socket.poll(0))

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Wait for what the generator of psycopg waits for.

        PostgreSQL refuses a prepared statement for good if the type of a column has changed. Then the connection is
        closed, and OperationalError is raised, so that a repeated request gets a new one.
        """
        try:
            return super().wait(_briefly(gen) if self.is_checking else gen, *args, **options)
        except psycopg.errors.FeatureNotSupported as error:
            if error.diag.source_function != CHECK_OF_STATEMENT:
                raise
            self.close()
            raise psycopg.OperationalError(str(error)) from error


def _briefly(waiting: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Wait for what a generator of psycopg waits for. Raises OperationalError after ``SECONDS_FOR_CHECK``."""
    latest = time.monotonic() + SECONDS_FOR_CHECK
    awaited = next(waiting)
    while True:
        ready = yield awaited
        if not ready and time.monotonic() > latest:
            raise psycopg.OperationalError("The database does not respond.")
        try:
            awaited = waiting.send(ready)
        except StopIteration as finished:
            return finished.value


class Impatience:
    """Wait even less after a failed attempt to connect, so that many requests at once do not wait for each other.

    Each request still causes an attempt. When one succeeds, the next request gets its connection at once.
    """

    last_failure = 0.0

    def note_failure(self, pool: Any) -> None:
        """Shorten the wait for a while. The pool calls this when it has stopped its attempts to connect."""
        self.last_failure = time.monotonic()
        pool.timeout = SECONDS_WHILE_AWAY
        timer = threading.Timer(SECONDS_AFTER_FAILURE, self.restore, (pool,))
        timer.daemon = True
        timer.start()

    def restore(self, pool: Any) -> None:
        """Restore the wait, unless another attempt has failed since."""
        if time.monotonic() - self.last_failure >= SECONDS_AFTER_FAILURE:
            pool.timeout = SECONDS_FOR_CONNECTION
