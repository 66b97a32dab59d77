"""Which worker may send an email.

A worker reserves a batch of due emails for half a minute. Right before it sends one of them, it takes the lease of this
email, which is long enough for the SMTP session. ``due_at`` is when the reservation or the lease ends. After that,
another worker may take the email. So no email is lost if a worker is killed, and only the one that it was sending waits
for the end of a lease.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, DurationField, UUIDField
from django.db.models.functions import Now

from core.compiled_updates import CompiledUpdate
from core.ids import uuid7
from core.smtp import max_session_duration
from invitations.email.models import Email, EmailQuerySet

RESERVATION = timedelta(seconds=30)
LEASE = timedelta(minutes=5)  # longest_lease adds the maximum duration of the SMTP session


class LeaseLost(Exception):
    """Another worker may have the email, or its row was deleted. This worker must not record anything."""


def longest_lease() -> timedelta:
    """Return how long a worker may take to send one email and to record the outcome."""
    return max_session_duration() + LEASE


def reserve_due(limit: int) -> list[Email]:
    """Reserve the emails that have been due for the longest time. Return them, with the end of the reservation.

    PostgreSQL skips rows that another worker is reserving. SQLite lets one worker reserve at a time.
    """
    if not Email.objects.due().exists():
        return []
    with transaction.atomic():
        due = Email.objects.due().annotate(reserved_until=Now() + RESERVATION)
        emails = list(due.select_for_update(skip_locked=True)[:limit])
        for email in emails:
            email.due_at, email.lease_id = email.reserved_until, None
        if emails:
            Email.objects.filter(pk__in=[email.pk for email in emails]).update(due_at=emails[0].due_at)
    return [*emails]


def take_lease(email: Email) -> None:
    """Take the lease of a reserved email. Raises LeaseLost.

    The reservation may have ended, for example because the process was suspended.
    """
    lease_id = uuid7()
    if not TAKE_LEASE.run(pk=email.pk, due_at=email.due_at, lease_id=lease_id, duration=longest_lease()):
        raise LeaseLost
    email.lease_id = lease_id


def held(email: Email) -> EmailQuerySet:
    """Return the row of an email that this worker has reserved or leased. If another worker may have it, no row."""
    return leased(email.pk, email.lease_id) if email.lease_id is not None else _reserved(email.pk, email.due_at)


def leased(pk: Any, lease_id: Any) -> EmailQuerySet:
    """Return the row of an email if it has this lease."""
    return Email.objects.filter(pk=pk, lease_id=lease_id)


def _reserved(pk: Any, due_at: Any) -> EmailQuerySet:
    return Email.objects.filter(pk=pk, due_at=due_at, due_at__gt=Now())


TAKE_LEASE = CompiledUpdate(
    lambda pk, due_at, lease_id, duration: (
        _reserved(pk, due_at),
        {"state": Email.State.SENDING, "lease_id": lease_id, "due_at": Now() + duration},
    ),
    pk=UUIDField(),
    due_at=DateTimeField(),
    lease_id=UUIDField(),
    duration=DurationField(),
)


def release(emails: Sequence[Email]) -> None:
    """End the reservation of these emails of one batch, so that any worker can have them at once."""
    if emails:
        keys = [email.pk for email in emails]
        Email.objects.filter(pk__in=keys, due_at=emails[0].due_at).update(due_at=Now())
