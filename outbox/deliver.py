"""Deliver in batches. Reserve a batch, then examine, render, lease, send and record each delivery in turn.

Sending and recording the outcome are two steps. If the worker dies or the connection breaks between these steps, the
delivery is sent a second time, with the same id: an email has the same Message-ID and the same link.

This module does not know what is sent: ``handlers`` has the handler of each table. ``leases`` decides which worker may
send a delivery.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import CharField, DateTimeField, F, UUIDField
from django.db.models.functions import Now
from django.utils import timezone

from core.compiled_updates import CompiledUpdate
from core.metrics import count_delivery
from core.request_context import within
from outbox.handlers import Batch, DeliveryHandler, Transport, handler_of
from outbox.leases import LeaseLost, held, leased, release, reserve_due, take_lease
from outbox.models import Delivery, DeliveryState
from outbox.outcomes import Outcome, stored_line
from outbox.spans import begin_span, end_span

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.25  # a batch reads its rows at the start, so a change takes effect after this time at the latest
HOLD_INTERVAL = timedelta(hours=1)  # the delay if the handler returned "queued" or "scheduled"
DATABASE_RETRY_DELAYS = (0, 1, 2, 4, 8, 15, 30, 60, 60)  # seconds; in total less than LEASE
NOT_RECORDED = "The details could not be recorded."


def deliver_batch(
    model: type[Delivery], transport: Transport, size: int, is_stopped: Callable[[], bool] = lambda: False
) -> int:
    """Deliver up to ``size`` rows of this model that are due. Return how many, or 0 if none is due.

    Ends early if ``is_stopped`` returns True, and after ``BATCH_SECONDS``, but delivers at least one. Leaves the
    transport open. An error in rendering or sending is recorded in the row. Raises DatabaseError if the database is
    unreachable. In that case, the rows are due again when the reservation or the lease ends.
    """
    batch = Batch(reserve_due(model, size))
    latest = time.monotonic() + BATCH_SECONDS
    for number, delivery in enumerate(batch.deliveries):
        if number and (is_stopped() or time.monotonic() > latest):
            release(batch.deliveries[number:])
            return number
        _deliver(delivery, batch, transport)
    return len(batch.deliveries)


def _deliver(delivery: Delivery, batch: Batch, transport: Transport) -> None:
    with within(delivery.cause):
        try:
            record_outcome(delivery, _send(delivery, batch, transport), batch)
        except LeaseLost:
            logger.warning("lease lost", extra=delivery.log_fields())


def _send(delivery: Delivery, batch: Batch, transport: Transport) -> Outcome:
    try:
        prepared = prepare(delivery, batch)
        return prepared if isinstance(prepared, Outcome) else _timed(transport, prepared)
    except (DatabaseError, InterfaceError, LeaseLost):
        raise
    except Exception as error:
        return not_sent(delivery, error)


def _timed(transport: Transport, message: Any) -> Outcome:
    started = time.monotonic()
    outcome = transport.send(message)
    return replace(outcome, seconds=time.monotonic() - started)


def prepare(delivery: Delivery, batch: Batch) -> Any:
    """Return the message of a reserved delivery and take its lease, or return the outcome if it must not be sent now.

    Raises LeaseLost, and what the handler raises.
    """
    begin_span(delivery)
    handler = handler_of(delivery, batch)
    objection = handler.examine()
    if objection:
        return objection
    message = handler.render()
    take_lease(delivery)
    return message


def not_sent(delivery: Delivery, error: Exception) -> Outcome:
    """Return the outcome of a delivery that raised an error. It has failed, so that it does not block the queue."""
    logger.exception(f"{delivery.LOG_NAME} not rendered", extra=delivery.log_fields())
    reason = stored_line(f"Not sent: {type(error).__name__}: {str(error) or type(error).__name__}")
    return Outcome(DeliveryState.FAILED, reason, by_server=False)


def record_outcome(delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
    """Record the outcome, and end the span of the attempt. Raises LeaseLost."""
    try:
        _record_until_done(delivery, outcome, batch)
    finally:
        end_span(delivery, outcome)


def _record_until_done(delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
    """Retry while the database is unreachable, so that what was accepted is not sent again.

    If recording fails for another reason, record only the state. Raises LeaseLost.
    """
    record = _record
    for delay in DATABASE_RETRY_DELAYS:
        try:
            return record(delivery, outcome, batch)
        except LeaseLost:
            raise
        except (OperationalError, InterfaceError) as error:
            logger.warning("database unreachable", extra={"error": str(error), **delivery.log_fields()})
            time.sleep(delay)
            close_old_connections()
        except Exception:
            if record is _record_state_only:
                raise
            logger.exception(f"{delivery.LOG_NAME} details not recorded", extra=delivery.log_fields())
            record = _record_state_only
    return record(delivery, outcome, batch)


@transaction.atomic
def _record(delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
    """Record the outcome in one UPDATE that requires the lease or the reservation. Raises LeaseLost.

    The UPDATE sets all timestamps to the same time. Different timestamps could reveal that the delivery was withheld.
    """
    now = timezone.now()
    # This comes before the UPDATE, because it may lock the organization, which must be locked before the row.
    handler = handler_of(delivery, batch)
    _act(handler, outcome, now)
    if not _write(handler, delivery, outcome, now):
        raise LeaseLost
    if outcome.by_server:
        facts = handler.more_of_attempt(outcome)
        delivery.history.create(state=outcome.state, response=outcome.detail, created_at=now, **facts)
    logger.info(f"{delivery.LOG_NAME} {outcome.state}", extra=_logged(delivery, outcome))
    count_delivery(delivery.LOG_NAME, delivery.kind_name, outcome.state, outcome.seconds or 0)


def _logged(delivery: Delivery, outcome: Outcome) -> dict[str, object]:
    fields = delivery.log_fields() | {"attempt": delivery.attempts + outcome.by_server}
    if outcome.detail and not (outcome.state == DeliveryState.SENT and delivery.LOG_NAME == "webhook"):
        # A receiver that took a webhook may repeat what it says, such as addresses.
        fields["response" if outcome.by_server else "reason"] = outcome.detail
    if outcome.seconds is not None:
        fields["duration_ms"] = round(outcome.seconds * 1000, 1)
    return fields


def _act(handler: DeliveryHandler, outcome: Outcome, now: datetime) -> None:
    if outcome.state == DeliveryState.SENT or outcome.withheld:
        handler.on_sent(now)
    elif outcome.by_server and outcome.state == DeliveryState.DEFERRED:
        handler.on_deferred(outcome.detail, now)
    elif outcome.by_server and outcome.state == DeliveryState.FAILED:
        handler.on_final_failure(outcome.detail)


def _write(handler: DeliveryHandler, delivery: Delivery, outcome: Outcome, now: datetime) -> int:
    """Return the number of updated rows, which is 0 if the lease or the reservation was lost."""
    more = handler.more_columns(outcome, now)
    if not more and outcome == Outcome(DeliveryState.SENT, outcome.detail):
        update = _sent_update(type(delivery))
        return update.run(pk=delivery.pk, lease_id=delivery.lease_id, detail=outcome.detail, now=now)
    return held(delivery).update(**_columns(delivery, outcome, now), **more)


def _record_state_only(delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
    """Record the state without the other side's response or an error message. Raises LeaseLost."""
    now = timezone.now()
    columns = _columns(delivery, replace(outcome, detail=""), now) | handler_of(delivery).more_columns(outcome, now)
    if not held(delivery).update(**columns | {"reason": NOT_RECORDED}):
        raise LeaseLost


def _columns(delivery: Delivery, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return the columns that record the outcome: state, response, reason, timestamps and ``due_at``."""
    columns: dict[str, Any] = {"state": outcome.state, "due_at": None, "lease_id": None, "reason": ""}
    columns["updated_at"] = now
    if outcome.by_server:
        columns |= {"attempts": F("attempts") + 1, "response": outcome.detail}
    else:
        columns["reason"] = outcome.detail
    if outcome.state == DeliveryState.SENT:
        columns["sent_at"] = now
    if outcome.state in (DeliveryState.QUEUED, DeliveryState.SCHEDULED):
        columns["due_at"] = Now() + HOLD_INTERVAL
    if outcome.state == DeliveryState.DEFERRED:
        columns |= _retry(delivery, handler_of(delivery), now, outcome.wait)
    return columns


def _retry(delivery: Delivery, handler: DeliveryHandler, now: datetime, wait: timedelta | None) -> dict[str, Any]:
    give_up_after = handler.give_up_after
    if give_up_after is not None and now - delivery.created_at > give_up_after:
        return {"state": DeliveryState.FAILED}
    return {"due_at": Now() + handler.retry_delay(delivery.attempts + 1, wait)}


@cache
def _sent_update(model: type[Delivery]) -> CompiledUpdate:
    return CompiledUpdate(
        lambda pk, lease_id, detail, now: (
            leased(model, pk, lease_id),
            _columns(model(), Outcome(DeliveryState.SENT, detail), now),
        ),
        pk=UUIDField(),
        lease_id=UUIDField(),
        detail=CharField(),
        now=DateTimeField(),
    )
