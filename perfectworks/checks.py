"""System checks for mistakes in a deployment that would otherwise only show under load."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"


@register(Tags.database)
def server_is_read_committed(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return an error if PostgreSQL's default isolation level is not READ COMMITTED."""
    return [error for alias in databases or [] for error in isolation_errors(alias)]


def isolation_errors(alias: str) -> list[CheckMessage]:
    """Return an error if the database `alias` has another default isolation level."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_isolation")
        [level] = cursor.fetchone()
    if level == "read committed":
        return []
    message = f"The database's default isolation level is {level!r}; PerfectWorks needs READ COMMITTED."
    return [checks.Error(message, id="perfectworks.E001")]


@register(Tags.caches, deploy=True)
def cache_is_shared(**_: Any) -> list[CheckMessage]:
    """Warn if several web processes have no shared cache, so that each has its own rate limits."""
    processes = int(os.environ.get("WEB_CONCURRENCY") or 1)
    if processes == 1 or settings.CACHES["default"]["BACKEND"] != LOCAL_MEMORY:
        return []
    message = f"{processes} web processes share no cache, so each counts its own rate limits. Set CACHE_URL."
    return [checks.Warning(message, id="perfectworks.W001")]
