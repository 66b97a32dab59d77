"""How long requests wait for the database."""

import threading
import time
from typing import Any

from django.db import connections
from django.db.utils import ConnectionHandler

SECONDS_FOR_CONNECTION = 0.7
SECONDS_WHILE_AWAY = 0.1
SECONDS_AFTER_FAILURE = 1


def wait_briefly_for_connections(handler: ConnectionHandler = connections) -> None:
    """Let this process wait less than a second for a connection from the pool.

    For web processes: their threads must not wait for a database that does not respond. Commands wait longer. Call this
    before the first query.
    """
    for alias in handler:
        pool = handler.settings[alias]["OPTIONS"].get("pool")
        if pool:
            pool |= {"timeout": SECONDS_FOR_CONNECTION, "reconnect_failed": Impatience().note_failure}


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
