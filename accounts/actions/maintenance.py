"""Maintenance tasks for accounts, which the worker runs once a minute."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils import timezone

from accounts.browser_sessions import Session
from accounts.models import IdempotentResponse

MAX_SESSION_BATCH = 1000  # limits the run time of the statement; the next run deletes more


def delete_old_responses() -> None:
    """Delete stored responses (``IdempotentResponse``) that are more than a day old."""
    IdempotentResponse.objects.outdated().delete()


def delete_expired_sessions() -> None:
    """Delete expired sessions, oldest first.

    There can be many, because every email scanner that opens a link creates a session.
    """
    Session.objects.filter(pk__in=list(oldest_expired_sessions()), expire_date__lt=timezone.now()).delete()


def oldest_expired_sessions() -> QuerySet[Session, str]:
    """Return the keys of the sessions that one run deletes."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    return expired.order_by("expire_date").values_list("pk", flat=True)[:MAX_SESSION_BATCH]


MAINTENANCE_TASKS: tuple[Callable[[], None], ...] = (
    delete_old_responses,
    delete_expired_sessions,
)
