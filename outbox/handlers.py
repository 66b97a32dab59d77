"""What the outbox must know about the deliveries of one table: a handler. The app that has the table registers it.

An app registers its model in the ``ready`` method of its ``AppConfig``. The steps of a delivery call the handler:

1. ``examine`` decides whether the delivery may be sent now.
2. ``render`` returns the message, which the transport sends.
3. ``on_sent``, ``on_deferred`` or ``on_final_failure`` runs in the transaction that records the outcome.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from random import SystemRandom
from typing import Any, Protocol
from uuid import UUID

from outbox.models import Delivery, EmailDelivery
from outbox.outcomes import Outcome

GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1
INITIAL_BACKOFF = timedelta(minutes=1)
MAX_BACKOFF = timedelta(days=1)


class Transport(Protocol):
    """The way to the other side. A worker has one of each class, and uses it for one message after the other."""

    def send(self, message: Any) -> Outcome:
        """Send a message. Return the outcome ``sent``, ``deferred`` or ``failed``.

        Any exception except a database error marks the delivery as failed.
        """

    def close(self) -> None:
        """Close kept connections. Never raises."""

    @staticmethod
    def max_duration() -> timedelta:
        """Return the time that ``send`` takes at most. Leases are longer."""


class DeliveryHandler(ABC):
    """Examine and render one delivery of a batch, and act on its outcome."""

    def __init__(self, delivery: Any, batch: "Batch") -> None:
        self.delivery, self.batch = delivery, batch

    @staticmethod
    @abstractmethod
    def load(deliveries: Sequence[Any]) -> Any:
        """Load what these deliveries need (``batch.rows``), in a few queries for all of them."""

    @abstractmethod
    def examine(self) -> Outcome | None:
        """Return None if the delivery may be sent now.

        Otherwise, return ``dropped``, or ``queued`` or ``scheduled`` to try again later. Raises LeaseLost if the row
        was deleted.
        """

    @abstractmethod
    def render(self) -> Any:
        """Return the message. Any exception except a database error marks the delivery as failed."""

    def on_sent(self, sent_at: datetime) -> None:  # noqa: B027 - most tables need nothing here
        """Act on a delivery that was sent, or that must look like it (``Outcome.withheld``).

        Like the next two methods, this runs in the transaction that records the outcome, before the row is locked, so
        it may lock an organization.
        """

    def on_deferred(self, response: str, at: datetime) -> None:  # noqa: B027 - most tables need nothing here
        """Act on a temporary rejection."""

    def on_final_failure(self, response: str) -> None:  # noqa: B027 - most tables need nothing here
        """Act on a permanent rejection by the other side."""

    def more_columns(self, outcome: Outcome, now: datetime) -> dict[str, object]:
        """Return the columns that only this table has, and that record this outcome. Empty for most outcomes."""
        return {}

    def more_of_attempt(self, outcome: Outcome) -> dict[str, object]:
        """Return the columns of the attempt that only this table has."""
        return {}

    @staticmethod
    def take_report(*, email_id: UUID, report: Any) -> bool:
        """Apply a provider's report (``outbox.delivery_reports``) to the email. Return whether it changed a row."""
        return False

    @property
    def give_up_after(self) -> timedelta | None:
        """The age at which a deferred delivery becomes ``failed``. None means never."""
        return GIVE_UP_AFTER

    def retry_delay(self, attempts: int, wait: timedelta | None = None) -> timedelta:
        """Return the delay after this many attempts, the last of which was deferred.

        ``wait`` is the time that the other side asked for (``Outcome.wait``).
        """
        return backoff(attempts)


def backoff(attempts: int, longest: timedelta = MAX_BACKOFF) -> timedelta:
    """Return the delay after this many attempts. The delay doubles each time, up to the longest, with random jitter."""
    upper_bound = min(INITIAL_BACKOFF * 2 ** min(attempts - 1, 20), longest)
    return upper_bound * SystemRandom().uniform(0.5, 1)


@dataclass(frozen=True)
class Queue:
    """A table of deliveries, its handler and its transport. ``lane`` replaces ``outbox.worker.Lane``."""

    model: type[Delivery]
    handler: type[DeliveryHandler]
    transport: type[Transport]
    lane: Any = None


_queues: dict[type[Delivery], Queue] = {}


def register_queue(queue: Queue) -> None:
    """Register the queue of a model. Raises ValueError if the model already has another one."""
    if _queues.setdefault(queue.model, queue) != queue:
        raise ValueError(f"{queue.model.__name__} already has a handler.")


def registered_queues() -> Iterator[Queue]:
    """Yield the registered queues, those of the lower apps first."""
    yield from _queues.values()


def email_queues() -> Iterator[Queue]:
    """Yield the registered queues of emails."""
    return (queue for queue in registered_queues() if issubclass(queue.model, EmailDelivery))


class Batch:
    """Deliveries of one queue that a worker sends one after the other. Their rows are loaded together."""

    def __init__(self, deliveries: Sequence[Any]) -> None:
        self.deliveries = deliveries

    @cached_property
    def rows(self) -> Any:
        """What ``DeliveryHandler.load`` returned for these deliveries."""
        return queue_of(self.deliveries[0]).handler.load(self.deliveries)


def queue_of(delivery: Delivery) -> Queue:
    """Return the queue of a delivery. Raises LookupError if its model is not registered."""
    return _queues[type(delivery)]


def handler_of(delivery: Any, batch: Batch | None = None) -> Any:
    """Return a new handler for the delivery. Raises LookupError if its model is not registered."""
    return queue_of(delivery).handler(delivery, batch or Batch([delivery]))
