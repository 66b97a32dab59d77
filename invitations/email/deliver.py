"""Deliver emails in batches. Reserve a batch, then examine, render, lease, hand over and record each email in turn.

Handing over an email and recording the outcome are two steps. If the worker dies or the connection breaks between these
steps, the email is sent a second time, with the same Message-ID and the same link.

This module does not depend on invitations: ``kinds`` has the handler for each kind of email. ``leases`` decides which
worker may send an email.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import SystemRandom

from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import CharField, DateTimeField, F, UUIDField
from django.db.models.functions import Now
from django.utils import timezone

from core.compiled_updates import CompiledUpdate
from invitations.email.kinds import Batch, handler_of
from invitations.email.leases import LeaseLost, held, leased, release, reserve_due, take_lease
from invitations.email.models import Attempt, Email
from invitations.email.transport import (
    Outcome,
    error_text,
    reply_code,
    send_message,
    stored_line,
)

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.25  # a batch reads its rows at the start, so a change takes effect after this time at the latest
INITIAL_BACKOFF = timedelta(minutes=1)
MAX_BACKOFF = timedelta(days=1)
HOLD_INTERVAL = timedelta(hours=1)  # the delay if the handler returned "queued" or "scheduled"
DATABASE_RETRY_DELAYS = (0, 1, 2, 4, 8, 15, 30, 60, 60)  # seconds; in total less than LEASE
NOT_RECORDED = "The details could not be recorded."


def deliver_batch(connection: BaseEmailBackend, size: int, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Deliver up to ``size`` emails that are due, over one connection. Return how many, or 0 if none is due.

    Ends early if ``is_stopped`` returns True, and after ``BATCH_SECONDS``, but delivers at least one. Leaves the
    connection open. An error in rendering or sending is recorded in the email's row. Raises DatabaseError if the
    database is unreachable. In that case, the emails are due again when the reservation or the lease ends.
    """
    batch = Batch(reserve_due(size))
    latest = time.monotonic() + BATCH_SECONDS
    for number, email in enumerate(batch.emails):
        if number and (is_stopped() or time.monotonic() > latest):
            release(batch.emails[number:])
            return number
        _deliver(email, batch, connection)
    return len(batch.emails)


def backoff(attempts: int) -> timedelta:
    """Return the delay after this many attempts. The delay doubles each time, up to a day, and has random jitter."""
    upper_bound = min(INITIAL_BACKOFF * 2 ** min(attempts - 1, 20), MAX_BACKOFF)
    return upper_bound * SystemRandom().uniform(0.5, 1)


def _deliver(email: Email, batch: Batch, connection: BaseEmailBackend) -> None:
    try:
        _record_outcome_with_retries(email, _send(email, batch, connection), batch)
    except LeaseLost:
        logger.warning("lease lost", extra=_log_fields(email))


def _send(email: Email, batch: Batch, connection: BaseEmailBackend) -> Outcome:
    try:
        handler = handler_of(email, batch)
        objection = handler.examine()
        if objection:
            return objection
        message = handler.render()
        take_lease(email)
        return send_message(connection, message)
    except (DatabaseError, InterfaceError, LeaseLost):
        raise
    except Exception as error:
        # Mark this email as failed, so that it does not block the queue. The invitation remains open.
        logger.exception("email not rendered", extra=_log_fields(email))
        reason = stored_line(f"Not sent: {type(error).__name__}: {error_text(error)}")
        return Outcome(Email.State.FAILED, reason, by_server=False)


def _record_outcome_with_retries(email: Email, outcome: Outcome, batch: Batch) -> None:
    """Record the outcome. Retry while the database is unreachable, so that an accepted email is not sent again.

    If recording fails for another reason, record only the state. Raises LeaseLost.
    """
    record = _record_outcome
    for delay in DATABASE_RETRY_DELAYS:
        try:
            return record(email, outcome, batch)
        except LeaseLost:
            raise
        except (OperationalError, InterfaceError) as error:
            logger.warning("database unreachable: %s", error, extra=_log_fields(email))
            time.sleep(delay)
            close_old_connections()
        except Exception:
            if record is _record_state_only:
                raise
            logger.exception("email details not recorded", extra=_log_fields(email))
            record = _record_state_only
    return record(email, outcome, batch)


@transaction.atomic
def _record_outcome(email: Email, outcome: Outcome, batch: Batch) -> None:
    """Record the outcome in one UPDATE that requires the lease or the reservation. Raises LeaseLost.

    The UPDATE sets all timestamps to the same time. Different timestamps could reveal that the email was withheld
    because its recipient unsubscribed.
    """
    now = timezone.now()
    if outcome.by_server and outcome.state == Email.State.FAILED:
        # Both calls come before the UPDATE, because they may lock the organization. The organization must be locked
        # before the email's row.
        handler_of(email).on_final_failure(reply_code(outcome.detail))
    if outcome.state == Email.State.SENT or outcome.withheld:
        handler_of(email, batch).on_sent(now)
    if not _write_outcome(email, outcome, now):
        raise LeaseLost
    if outcome.by_server:
        Attempt.objects.create(email=email, state=outcome.state, response=outcome.detail, created_at=now)
    fields = _log_fields(email) | {"attempt": email.attempts + outcome.by_server}
    logger.info("email %s", outcome.state, extra=fields)


def _write_outcome(email: Email, outcome: Outcome, now: datetime) -> int:
    """Return the number of updated rows, which is 0 if the lease or the reservation was lost."""
    if outcome == Outcome(Email.State.SENT, outcome.detail):
        return MARK_SENT.run(pk=email.pk, lease_id=email.lease_id, detail=outcome.detail, now=now)
    return held(email).update(**_columns(email, outcome, now))


def _record_state_only(email: Email, outcome: Outcome, batch: Batch) -> None:
    """Record the state without the server's response or an error message. Raises LeaseLost."""
    columns = _columns(email, replace(outcome, detail=""), timezone.now()) | {"reason": NOT_RECORDED}
    if not held(email).update(**columns):
        raise LeaseLost


def _columns(email: Email, outcome: Outcome, now: datetime) -> dict[str, object]:
    """Return the columns that record the outcome: state, response, reason, timestamps and ``due_at``."""
    columns: dict[str, object] = {"state": outcome.state, "due_at": None, "lease_id": None, "reason": ""}
    columns["updated_at"] = now
    if outcome.by_server:
        columns |= {"attempts": F("attempts") + 1, "response": outcome.detail}
    else:
        columns["reason"] = outcome.detail
    if outcome.withheld:
        columns["withheld_at"] = now
    if outcome.state == Email.State.SENT:
        columns["sent_at"] = now
    if outcome.state == Email.State.DROPPED and email.state == Email.State.SCHEDULED:
        columns["counted_at"] = None
    if outcome.state in (Email.State.QUEUED, Email.State.SCHEDULED):
        columns["due_at"] = Now() + HOLD_INTERVAL
    if outcome.state == Email.State.DEFERRED:
        give_up_after = handler_of(email).give_up_after
        if give_up_after is not None and now - email.created_at > give_up_after:
            columns["state"] = Email.State.FAILED
        else:
            columns["due_at"] = Now() + backoff(email.attempts + 1)
    return columns


MARK_SENT = CompiledUpdate(
    lambda pk, lease_id, detail, now: (
        leased(pk, lease_id),
        _columns(Email(), Outcome(Email.State.SENT, detail), now),
    ),
    pk=UUIDField(),
    lease_id=UUIDField(),
    detail=CharField(),
    now=DateTimeField(),
)


def _log_fields(email: Email) -> dict[str, object]:
    return {"email_id": email.pk, "invitation_id": email.invitation_id}
