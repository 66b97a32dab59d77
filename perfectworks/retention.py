"""What is deleted when it is old: which setting says when, how many rows there are, and how some of them are deleted.

The worker deletes them once an hour, and ``manage.py prune`` at once.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from itertools import chain, islice

from django.conf import settings
from django.utils import timezone

from accounts.actions.retention import account_emails_before, delete_account_emails_before
from events.retention import delete_events_of_no_organization, events_of_no_organization
from invitations.actions.retention import delete_ended_before, ended_before
from orgs.actions.retention import count_events_before, cut_events_before
from webhooks.actions.retention import delete_messages_before
from webhooks.models import WebhookMessage

INTERVAL = 3600.0  # seconds
MAX_STEPS = 10
Task = Callable[[], bool | None]


@dataclass(frozen=True)
class Retention:
    """Rows that are deleted some days after their end. ``days`` reads the setting; 0 keeps them."""

    name: str
    label: str
    setting: str
    count: Callable[[datetime], int]
    delete: Callable[[datetime], Iterator[int]]

    @property
    def days(self) -> int:
        """The number of days, or 0."""
        days: int = getattr(settings, self.setting)
        return days

    @property
    def moment(self) -> datetime | None:
        """The time before which rows are deleted, or None if all are kept."""
        return timezone.now() - timedelta(days=self.days) if self.days else None


RETENTIONS = (
    Retention(
        "endedInvitations",
        "ended invitations, with their emails",
        "INVITATION_RETENTION_DAYS",
        lambda moment: ended_before(moment).count(),
        delete_ended_before,
    ),
    Retention(
        "organizationEvents",
        "events of organizations",
        "EVENT_RETENTION_DAYS",
        count_events_before,
        cut_events_before,
    ),
    Retention(
        "accountEvents",
        "events of accounts",
        "EVENT_RETENTION_DAYS",
        lambda moment: events_of_no_organization(before=moment).count(),
        lambda moment: delete_events_of_no_organization(before=moment),
    ),
    Retention(
        "webhooks",
        "webhooks, with their attempts",
        "DELIVERY_RETENTION_DAYS",
        lambda moment: WebhookMessage.objects.before(moment).count(),
        delete_messages_before,
    ),
    Retention(
        "accountEmails",
        "emails about accounts",
        "DELIVERY_RETENTION_DAYS",
        lambda moment: account_emails_before(moment).count(),
        delete_account_emails_before,
    ),
)


def delete_in_steps(retention: Retention) -> Iterator[int]:
    """Delete the old rows of one kind, in short transactions. Yield the number of deleted rows after each."""
    moment = retention.moment
    if moment is not None:
        yield from retention.delete(moment)


def delete_old_rows() -> bool:
    """Delete old rows in a few transactions, because emails wait meanwhile. Return whether there may be more."""
    steps = [*islice(chain.from_iterable(map(delete_in_steps, RETENTIONS)), MAX_STEPS)]
    return len(steps) == MAX_STEPS


def hourly(task: Task) -> Task:
    """Return the task. When it has nothing more to do, it begins again after an hour."""
    next_run = time.monotonic()

    @wraps(task)
    def run() -> bool:
        nonlocal next_run
        if time.monotonic() < next_run:
            return False
        more = task() is True
        next_run = time.monotonic() + (0 if more else INTERVAL)
        return more

    return run


MAINTENANCE_TASKS: tuple[Task, ...] = (hourly(delete_old_rows),)
