"""System checks for configuration mistakes that would otherwise stay hidden until production."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

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


@register(Tags.database)
def role_is_restricted(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return an error if the service connects to PostgreSQL as a superuser, except in development."""
    return [error for alias in databases or [] for error in superuser_errors(alias)]


def superuser_errors(alias: str) -> list[CheckMessage]:
    """Return an error if the role of the database `alias` is a superuser in production."""
    connection = connections[alias]
    if settings.SUPERUSER_ALLOWED or connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('is_superuser')")
        user, is_superuser = cursor.fetchone()
    if is_superuser == "off":
        return []
    message = f"DATABASE_URL connects as the superuser {user!r}. Create restricted roles: manage.py database_roles."
    return [checks.Error(message, id="perfectworks.E005")]


def require_safe_database() -> None:
    """Raise ImproperlyConfigured if a check of the database finds an error. Do nothing while the database is away."""
    try:
        errors = checks.run_checks(tags=[Tags.database], databases=["default"])
    except OperationalError:
        return
    serious = [error.msg for error in errors if error.is_serious()]
    if serious:
        raise ImproperlyConfigured(" ".join(serious))


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


@register(Tags.security, deploy=True)
def webhooks_stay_outside(**_: Any) -> list[CheckMessage]:
    """Warn if webhooks may be sent to the service's own network."""
    if not settings.WEBHOOK_ALLOW_PRIVATE:
        return []
    message = (
        "WEBHOOK_ALLOW_PRIVATE is set. Everybody who can add a webhook endpoint can send requests to the network of"
        " this server. Unset it."
    )
    return [checks.Warning(message, id="perfectworks.W002")]


@register()
def no_variable_has_its_old_name(**_: Any) -> list[CheckMessage]:
    """Return an error for each environment variable that is set under its old name. The old name has no effect."""
    return [
        checks.Error(f"{old} is now {new}. Rename it in the environment.", id="perfectworks.E002")
        for old, new in RENAMED_VARIABLES.items()
        if old in os.environ
    ]
