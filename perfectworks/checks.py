"""System checks for configuration mistakes that would otherwise stay hidden until production."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

RENAMED_VARIABLES = {
    "MAIL_WEBHOOK": "EMAIL_WEBHOOK",
    "ORGANIZATION_MAILS_PER_DAY": "ORGANIZATION_EMAILS_PER_DAY",
    "YOUNG_ORGANIZATION_MAILS_PER_DAY": "YOUNG_ORGANIZATION_EMAILS_PER_DAY",
    "INVITER_MAILS_PER_DAY": "INVITER_EMAILS_PER_DAY",
    "RECIPIENT_MAILS_PER_HOUR": "RECIPIENT_EMAILS_PER_HOUR",
}
LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"


@register(Tags.database)
def server_is_read_committed(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return an error if PostgreSQL's default isolation level is not READ COMMITTED."""
    return [error for alias in databases or [] for error in isolation_errors(alias)]


def isolation_errors(alias: str) -> list[CheckMessage]:
    """Return an error if the default isolation level of the database `alias` is not READ COMMITTED."""
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
    """Warn if several web processes have no shared cache.

    Without a shared cache, each process counts its own rate limits.
    """
    processes = int(os.environ.get("WEB_CONCURRENCY") or 1)
    if processes == 1 or settings.CACHES["default"]["BACKEND"] != LOCAL_MEMORY:
        return []
    message = f"{processes} web processes share no cache, so each counts its own rate limits. Set CACHE_URL."
    return [checks.Warning(message, id="perfectworks.W001")]


@register()
def no_variable_has_its_old_name(**_: Any) -> list[CheckMessage]:
    """Return an error for each environment variable that is set under its old name. The old name has no effect."""
    return [
        checks.Error(f"{old} is now {new}. Rename it in the environment.", id="perfectworks.E002")
        for old, new in RENAMED_VARIABLES.items()
        if old in os.environ
    ]
