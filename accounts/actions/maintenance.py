"""What the worker cleans up for accounts, once a minute."""

from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import IdempotentResponse

MAX_SESSION_BATCH = 1000  # one short statement; the next round deletes the rest


def delete_old_responses() -> None:
    """Delete the responses stored for repeated requests once they are a day old."""
    IdempotentResponse.objects.outdated().delete()


def delete_expired_sessions() -> None:
    """Delete expired sessions, oldest first. Every email scanner that opens a link leaves one."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    oldest = expired.order_by("expire_date").values_list("pk", flat=True)[:MAX_SESSION_BATCH]
    expired.filter(pk__in=list(oldest)).delete()


MAINTENANCE_TASKS: tuple[Callable[[], None], ...] = (delete_old_responses, delete_expired_sessions)
