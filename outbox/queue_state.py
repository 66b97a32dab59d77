"""Why a queue of emails grows: what its rows say about the worker and the mail server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from outbox.handlers import email_queues
from outbox.leases import longest_lease
from outbox.models import DeliveryAttempt, DeliveryState, EmailDelivery

State = DeliveryState
UNUSUAL_WAIT = timedelta(minutes=1)  # an idle worker looks for due emails twice a second
ATTEMPTS_IN_A_ROW = 5  # one rejected recipient says nothing about the mail server
ATTEMPTS_EXAMINED = 200  # for the last error
ERRORS = (State.DEFERRED, State.FAILED)


class Verdict(models.TextChoices):
    """What keeps emails from being sent."""

    NOTHING_WAITS = "nothing_waits", _("No email has been due for more than a minute.")
    NO_WORKER = "no_worker", _("No worker is sending emails. Start the worker, or look at its log.")
    SERVER_ERRORS = "server_errors", _("The last attempts failed. Look at the last error of the mail server.")
    BUSY = "busy", _("A worker is sending emails.")


@dataclass(frozen=True)
class QueueState:
    """The state of the queue. ``last_attempts`` are the newest ``ATTEMPTS_IN_A_ROW``, the newest first.

    ``is_sending`` is True while a worker holds the lease of an email. ``last_error`` is the newest attempt that did not
    succeed, if it is recent.
    """

    oldest_due_at: datetime | None
    is_sending: bool
    last_attempts: list[DeliveryAttempt]
    last_error: DeliveryAttempt | None

    @property
    def last_attempt(self) -> DeliveryAttempt | None:
        """The newest attempt of any worker."""
        return self.last_attempts[0] if self.last_attempts else None

    @property
    def verdict(self) -> Verdict:
        """What keeps emails from being sent."""
        if self._waits_long() and not self._is_at_work():
            return Verdict.NO_WORKER
        if self.last_attempts and {State.SENT, State.FAILED}.isdisjoint(a.state for a in self.last_attempts):
            return Verdict.SERVER_ERRORS
        return Verdict.BUSY if self._is_at_work() else Verdict.NOTHING_WAITS

    @property
    def is_healthy(self) -> bool:
        """Whether emails are sent as soon as they are due, or as fast as the mail server takes them."""
        return self.verdict in (Verdict.NOTHING_WAITS, Verdict.BUSY)

    @property
    def nothing_is_accepted(self) -> bool:
        """Whether each of the last attempts failed or was deferred. Recipients who do not exist can cause this too."""
        states = [attempt.state for attempt in self.last_attempts]
        return len(states) == ATTEMPTS_IN_A_ROW and State.SENT not in states

    def _waits_long(self) -> bool:
        return self.oldest_due_at is not None and self.oldest_due_at < timezone.now() - UNUSUAL_WAIT

    def _is_at_work(self) -> bool:
        last = self.last_attempt
        return self.is_sending or (last is not None and last.created_at > timezone.now() - UNUSUAL_WAIT)


def queue_state(*models: type[EmailDelivery]) -> QueueState:
    """Read the state of the queues of these emails, by default of all. Takes three queries for each, of few rows."""
    queues = models or tuple(_email_queues())
    attempts = sorted(chain(*map(_last_attempts, queues)), key=attrgetter("pk"), reverse=True)
    oldest = [due_at for model in queues if (due_at := _rows(model).due().values_list("due_at", flat=True).first())]
    return QueueState(
        oldest_due_at=min(oldest, default=None),
        is_sending=any(_is_sending(model) for model in queues),
        last_attempts=attempts[:ATTEMPTS_IN_A_ROW],
        last_error=next((attempt for attempt in attempts if attempt.state in ERRORS), None),
    )


def _email_queues() -> Iterator[type[EmailDelivery]]:
    return (queue.model for queue in email_queues())  # type: ignore[misc]


def _rows(model: type[EmailDelivery]) -> Any:
    return model._default_manager.all()


def _last_attempts(model: type[EmailDelivery]) -> Iterable[DeliveryAttempt]:
    attempts: type[DeliveryAttempt] = getattr(model, "history").rel.related_model  # noqa: B009
    return attempts._default_manager.filter(state__in=(State.SENT, *ERRORS)).order_by("-id")[:ATTEMPTS_EXAMINED]


def _is_sending(model: type[EmailDelivery]) -> bool:
    # Without the upper limit, this would read all emails that wait for another attempt.
    leased = _rows(model).being_sent().filter(due_at__lte=Now() + longest_lease(model()))
    return bool(leased.exists())
