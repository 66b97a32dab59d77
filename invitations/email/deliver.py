"""Deliver one email: claim it, examine it, render it, hand it to the mail server, record the outcome.

A claim is a lease. When the lease ends, the email is due again, so no email is lost if a worker is killed. Handing over
an email and recording the outcome are two steps. If the worker dies or the connection breaks between these steps, the
email is sent a second time, with the same Message-ID and the same link.

This module does not depend on invitations: ``kinds`` has the handler for each kind of email.
"""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from random import SystemRandom

from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.ids import uuid7
from core.smtp import connection_for_worker, max_session_duration
from invitations.email.kinds import handler_of
from invitations.email.models import Attempt, Email
from invitations.email.transport import (
    Outcome,
    close_connection,
    error_text,
    reply_code,
    send_message,
    stored_line,
)

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # longest_lease adds the maximum duration of the SMTP session
INITIAL_BACKOFF = timedelta(minutes=1)
MAX_BACKOFF = timedelta(days=1)
HOLD_INTERVAL = timedelta(hours=1)  # the delay if the handler returned "queued"
DATABASE_RETRY_DELAYS = (0, 1, 2, 4, 8, 15, 30, 60, 60)  # seconds; in total less than LEASE
NOT_RECORDED = "The details could not be recorded."


class LeaseLost(Exception):
    """Another worker has claimed the email, or its row was deleted. This worker must not record anything."""


def deliver_next() -> bool:
    """Deliver one email that is due. Return False if none is due.

    An error in rendering or sending is recorded in the email's row. Raises DatabaseError if the database is
    unreachable. In that case, the email is due again when the lease ends.
    """
    connection = connection_for_worker()
    email = claim_due_email()
    if email is None:
        return False
    try:
        outcome = _deliver(email, connection)
        _record_outcome_with_retries(email, outcome)
    except LeaseLost:
        logger.warning("lease lost", extra=_log_fields(email))
    finally:
        close_connection(connection)
    return True


def claim_due_email() -> Email | None:
    """Claim the email that has been due for the longest time. Return None if no email is due.

    PostgreSQL skips rows that another worker is claiming. SQLite lets one worker claim at a time.
    """
    if not Email.objects.due().exists():
        return None
    with transaction.atomic():
        email = Email.objects.due().select_for_update(skip_locked=True).first()
        if email is not None:
            email.lease_id = uuid7()
            claimed = Email.objects.due().order_by().filter(pk=email.pk)
            claimed.update(state=Email.State.SENDING, lease_id=email.lease_id, due_at=Now() + LEASE)
    return email


def backoff(attempts: int) -> timedelta:
    """Return the delay after this many attempts. The delay doubles each time, up to a day, and has random jitter."""
    upper_bound = min(INITIAL_BACKOFF * 2 ** min(attempts - 1, 20), MAX_BACKOFF)
    return upper_bound * SystemRandom().uniform(0.5, 1)


def longest_lease() -> timedelta:
    """Return how long a worker may take to send one email and to record the outcome."""
    return max_session_duration() + LEASE


def _deliver(email: Email, connection: BaseEmailBackend) -> Outcome:
    try:
        handler = handler_of(email)
        objection = handler.examine()
        if objection:
            return objection
        message = handler.render()
        _renew_lease(email)
        return send_message(connection, message)
    except (DatabaseError, InterfaceError, LeaseLost):
        raise
    except Exception as error:
        # Mark this email as failed, so that it does not block the queue. The invitation remains open.
        logger.exception("email not rendered", extra=_log_fields(email))
        reason = stored_line(f"Not sent: {type(error).__name__}: {error_text(error)}")
        return Outcome(Email.State.FAILED, reason, by_server=False)


def _renew_lease(email: Email) -> None:
    """Extend the lease so that it covers the SMTP session and recording the outcome.

    Raises LeaseLost if the lease has already ended, for example because the process was suspended.
    """
    leased = Email.objects.filter(pk=email.pk, lease_id=email.lease_id, due_at__gt=Now())
    if not leased.update(due_at=Now() + longest_lease()):
        raise LeaseLost


def _record_outcome_with_retries(email: Email, outcome: Outcome) -> None:
    """Record the outcome. Retry while the database is unreachable, so that an accepted email is not sent again.

    If recording fails for another reason, record only the state. Raises LeaseLost.
    """
    record = _record_outcome
    for delay in DATABASE_RETRY_DELAYS:
        try:
            return record(email, outcome)
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
    return record(email, outcome)


@transaction.atomic
def _record_outcome(email: Email, outcome: Outcome) -> None:
    """Record the outcome in one UPDATE that requires the lease. Raises LeaseLost.

    The UPDATE sets all timestamps to the same time. Different timestamps could reveal that the email was withheld
    because its recipient unsubscribed.
    """
    now = timezone.now()
    if outcome.by_server and outcome.state == Email.State.FAILED:
        # This call comes before the UPDATE, because it may lock the organization. The organization must be locked
        # before the email's row.
        handler_of(email).on_final_failure(reply_code(outcome.detail))
    leased = Email.objects.filter(pk=email.pk, lease_id=email.lease_id)
    if not leased.update(**_columns(email, outcome, now)):
        raise LeaseLost
    if outcome.by_server:
        Attempt.objects.create(email=email, state=outcome.state, response=outcome.detail, created_at=now)
    fields = _log_fields(email) | {"attempt": email.attempts + outcome.by_server}
    logger.info("email %s", outcome.state, extra=fields)


def _record_state_only(email: Email, outcome: Outcome) -> None:
    """Record the state without the server's response or an error message. Raises LeaseLost."""
    columns = _columns(email, replace(outcome, detail=""), timezone.now()) | {"reason": NOT_RECORDED}
    leased = Email.objects.filter(pk=email.pk, lease_id=email.lease_id)
    if not leased.update(**columns):
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
    if outcome.state == Email.State.QUEUED:
        columns["due_at"] = Now() + HOLD_INTERVAL
    if outcome.state == Email.State.DEFERRED:
        give_up_after = handler_of(email).give_up_after
        if give_up_after is not None and now - email.created_at > give_up_after:
            columns["state"] = Email.State.FAILED
        else:
            columns["due_at"] = Now() + backoff(email.attempts + 1)
    return columns


def _log_fields(email: Email) -> dict[str, object]:
    return {"email_id": email.pk, "invitation_id": email.invitation_id}
