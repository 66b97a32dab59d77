"""How busy this process is, for the metrics. Gunicorn imports this module before Django's settings are loaded."""

from collections.abc import Iterable
from typing import Any

from django.db import connections

from core.metrics import POOL, THREADS, WAITING

POOL_STATES = {"open": "pool_size", "idle": "pool_available", "waiting": "requests_waiting"}


def note_pools() -> None:
    """Set the gauges of this process's pool of connections to the database."""
    connection = connections["default"]
    pool = getattr(connection, "pool", None)
    if pool is None:
        return
    stats = pool.get_stats()
    for state, name in POOL_STATES.items():
        POOL.labels(state).set(stats.get(name, 0))


def note_threads(dispatchers: Iterable[Any]) -> None:
    """Set the gauges of this process's threads."""
    found = list(dispatchers)
    THREADS.labels("all").set(sum(len(one.threads) for one in found))
    THREADS.labels("busy").set(sum(one.active_count for one in found))
    WAITING.set(sum(len(one.queue) for one in found))
