"""Which worker may send a delivery.

A worker reserves a batch of due deliveries for half a minute. Right before it sends one of them, it takes the lease of
this delivery, which is long enough for the transport. ``due_at`` is when the reservation or the lease ends. After that,
another worker may take the delivery. So nothing is lost if a worker is killed, and only what it was sending waits for
the end of a lease.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, DurationField, UUIDField
from django.db.models.functions import Now

from core.compiled_updates import CompiledUpdate
from core.ids import uuid7
from outbox.handlers import queue_of
from outbox.models import AnyDelivery, Delivery, DeliveryQuerySet, DeliveryState

RESERVATION = timedelta(seconds=30)
LEASE = timedelta(minutes=5)  # added to the maximum duration of sending


class LeaseLost(Exception):
    """Another worker may have the delivery, or its row was deleted. This worker must not record anything."""


def longest_lease(delivery: Delivery) -> timedelta:
    """Return how long a worker may take to send this delivery and to record the outcome."""
    return queue_of(delivery).transport.max_duration() + LEASE


def reserve_due(model: type[AnyDelivery], limit: int) -> list[AnyDelivery]:
    """Reserve the deliveries that have been due for the longest time. Return them, with the end of the reservation."""
    rows: Any = model._default_manager
    return reserve(rows.due(), limit) if rows.due().exists() else []


def reserve(due: Any, limit: int) -> list[Any]:
    """Reserve the first of these due deliveries. Return them, with the end of the reservation.

    PostgreSQL skips rows that another worker is reserving. SQLite lets one worker reserve at a time.
    """
    with transaction.atomic():
        found = due.annotate(reserved_until=Now() + RESERVATION)
        deliveries = list(found.select_for_update(skip_locked=True)[:limit])
        for delivery in deliveries:
            delivery.due_at, delivery.lease_id = delivery.reserved_until, None
        if deliveries:
            rows = due.model._default_manager.filter(pk__in=[delivery.pk for delivery in deliveries])
            rows.update(due_at=deliveries[0].due_at)
    return deliveries


def take_lease(delivery: Delivery) -> None:
    """Take the lease of a reserved delivery. Raises LeaseLost.

    The reservation may have ended, for example because the process was suspended.
    """
    lease_id, update = uuid7(), _lease_update(type(delivery))
    taken = update.run(pk=delivery.pk, due_at=delivery.due_at, lease_id=lease_id, duration=longest_lease(delivery))
    if not taken:
        raise LeaseLost
    delivery.lease_id = lease_id


def held(delivery: AnyDelivery) -> DeliveryQuerySet[AnyDelivery]:
    """Return the row of a delivery that this worker has reserved or leased. If another worker may have it, no row."""
    model = type(delivery)
    if delivery.lease_id is not None:
        return leased(model, delivery.pk, delivery.lease_id)
    return _reserved(model, delivery.pk, delivery.due_at)


def leased(model: type[AnyDelivery], pk: Any, lease_id: Any) -> DeliveryQuerySet[AnyDelivery]:
    """Return the row of a delivery if it has this lease."""
    rows: DeliveryQuerySet[AnyDelivery] = model._default_manager.filter(pk=pk, lease_id=lease_id)  # type: ignore[assignment]
    return rows


def release(deliveries: Sequence[Delivery]) -> None:
    """End the reservation of these deliveries of one batch, so that any worker can have them at once."""
    if deliveries:
        keys, until = [delivery.pk for delivery in deliveries], deliveries[0].due_at
        type(deliveries[0])._default_manager.filter(pk__in=keys, due_at=until).update(due_at=Now())


def _reserved(model: type[AnyDelivery], pk: Any, due_at: Any) -> DeliveryQuerySet[AnyDelivery]:
    rows: DeliveryQuerySet[AnyDelivery] = model._default_manager.filter(pk=pk, due_at=due_at, due_at__gt=Now())  # type: ignore[assignment]
    return rows


@cache
def _lease_update(model: type[Delivery]) -> CompiledUpdate:
    return CompiledUpdate(
        lambda pk, due_at, lease_id, duration: (
            _reserved(model, pk, due_at),
            {"state": DeliveryState.SENDING, "lease_id": lease_id, "due_at": Now() + duration},
        ),
        pk=UUIDField(),
        due_at=DateTimeField(),
        lease_id=UUIDField(),
        duration=DurationField(),
    )
