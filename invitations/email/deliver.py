"""One mail on its way: claim it, look whether it is still wanted, hand it over, write down the outcome.

A claim is a lease: the row is due again when it ends, so that nothing is lost with a worker that was killed. Sending
and writing down cannot be one step, so that a mail can be sent twice when a worker dies, or the connection breaks,
between them; the second copy has the same Message-ID and the same link.
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
from invitations.actions.ending import fail
from invitations.email.address_hashes import Suppression
from invitations.email.messages import render_invitation_email
from invitations.email.models import Attempt, Email
from invitations.email.queue import is_erased
from invitations.email.smtp import longest_conversation
from invitations.email.transport import (
    Outcome,
    close_connection,
    connection_for_worker,
    ledger_line,
    reply_code,
    reply_words,
    send_message,
)
from invitations.models import Invitation

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # for all but the conversation with a mail server
INITIAL_BACKOFF = timedelta(minutes=1)
MAX_BACKOFF = timedelta(days=1)
WHILE_ARCHIVED = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1; an invitation ends by its own date
DATABASE_RETRY_DELAYS = (0, 1, 2, 4, 8, 15, 30, 60, 60)  # seconds, together shorter than the lease
ASKS_FOR_ANOTHER = (Email.Kind.UNDELIVERABLE, Email.Kind.ASK_AGAIN)
NOT_RECORDED = "The details could not be recorded."


class LeaseLost(Exception):
    """Another worker took the mail, or it is gone: what happened to it is no longer ours to say."""


def deliver_next() -> bool:
    """Deliver one mail that is due; False when there is none.

    Whatever is wrong with the mail ends in its row. Raises DatabaseError when the database is away; the lease
    then lets somebody try again.
    """
    connection = connection_for_worker()
    email = claim_due_email()
    if email is None:
        return False
    try:
        outcome = _deliver(email, connection)
        _record_outcome_with_retries(email, outcome)
    except LeaseLost:
        logger.warning("Mail %s is in other hands.", email.pk, extra={"invitation_id": email.invitation_id})
    finally:
        close_connection(connection)
    return True


def claim_due_email() -> Email | None:
    """Take the mail that is due longest, for as long as the lease; None when there is none.

    PostgreSQL passes over the rows that another worker is just taking; on SQLite one takes at a time.
    """
    if not Email.objects.due().exists():
        return None
    with transaction.atomic():
        email = Email.objects.due().select_for_update(skip_locked=True).first()
        if email is not None:
            email.lease_id = uuid7()
            taken = Email.objects.due().order_by().filter(pk=email.pk)
            taken.update(state=Email.State.SENDING, lease_id=email.lease_id, due_at=Now() + LEASE)
    return email


def backoff(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts: doubling up to a day, and spread so that not all come at once."""
    longest = min(INITIAL_BACKOFF * 2 ** min(attempts - 1, 20), MAX_BACKOFF)
    return longest * SystemRandom().uniform(0.5, 1)


def _deliver(email: Email, connection: BaseEmailBackend) -> Outcome:
    try:
        invitation = Invitation.objects.with_details().get(pk=email.invitation_id)
        verdict = _examine(email, invitation)
        if verdict:
            return verdict
        message = render_invitation_email(email, invitation)
        _renew_lease(email)
        return send_message(connection, message)
    except (DatabaseError, InterfaceError, LeaseLost):
        raise
    except Exception as error:
        # A row that cannot be sent is set aside, so that it stops nothing but itself; its invitation stays open.
        logger.exception("Mail %s cannot be made.", email.pk, extra={"invitation_id": email.invitation_id})
        words = ledger_line(f"Not sent: {type(error).__name__}: {reply_words(error)}")
        return Outcome(Email.State.FAILED, words, by_server=False)


def _renew_lease(email: Email) -> None:
    """Begin the lease anew before the mail leaves us, so that it outlasts the conversation and the writing down.

    Raises LeaseLost when it ended, as after a long standstill.
    """
    held = Email.objects.filter(pk=email.pk, lease_id=email.lease_id, due_at__gt=Now())
    if not held.update(due_at=Now() + longest_conversation() + LEASE):
        raise LeaseLost


def _examine(email: Email, invitation: Invitation) -> Outcome | None:
    """Why this mail should not go out now, or None."""
    return _examine_to_invitee(email, invitation) if email.is_to_invitee else _examine_to_inviter(email, invitation)


def _examine_to_invitee(email: Email, invitation: Invitation) -> Outcome | None:
    if email.generation != invitation.generation:
        return Outcome(Email.State.DROPPED, "A newer mail was sent.", by_server=False)
    if not invitation.is_open:
        return Outcome(Email.State.DROPPED, f"The invitation is {invitation.state}.", by_server=False)
    if invitation.organization.is_archived:
        return Outcome(Email.State.QUEUED, "The organization is archived.", by_server=False)
    if Suppression.objects.concerning(email.recipient, invitation.organization).exists():
        return Outcome(Email.State.DROPPED, "The recipient asked for no mails.", by_server=False, withheld=True)
    return None


def _examine_to_inviter(email: Email, invitation: Invitation) -> Outcome | None:
    if is_erased(invitation.email):
        return Outcome(Email.State.DROPPED, "The invited person was erased.", by_server=False)
    if email.kind in ASKS_FOR_ANOTHER and invitation.is_superseded:
        return Outcome(Email.State.DROPPED, "A newer invitation was sent.", by_server=False)
    return None


def _record_outcome_with_retries(email: Email, outcome: Outcome) -> None:
    """Write down, through lost database connections: what a server has accepted must not be sent again.

    What cannot be written down whole, for any other reason, is written down without the details. Raises LeaseLost.
    """
    write = _record_outcome
    for pause in DATABASE_RETRY_DELAYS:
        try:
            return write(email, outcome)
        except LeaseLost:
            raise
        except (OperationalError, InterfaceError) as error:
            logger.warning("Mail %s: the database is away: %s", email.pk, error)
            time.sleep(pause)
            close_old_connections()
        except Exception:
            if write is _record_state_only:
                raise
            logger.exception("Mail %s: %s", email.pk, NOT_RECORDED, extra={"invitation_id": email.invitation_id})
            write = _record_state_only
    return write(email, outcome)


@transaction.atomic
def _record_outcome(email: Email, outcome: Outcome) -> None:
    """Record in one conditional UPDATE that only the holder of the lease can make; raises LeaseLost.

    All its times are one moment, so that they do not tell whether a mail was sent or its recipient wants none.
    """
    now = timezone.now()
    if outcome.by_server and outcome.state == Email.State.FAILED and email.is_to_invitee:
        # First, because it locks the organization, which everybody locks before anything of it.
        fail(invitation_id=email.invitation_id, generation=email.generation, reason=reply_code(outcome.words))
    held = Email.objects.filter(pk=email.pk, lease_id=email.lease_id)
    if not held.update(**_columns(email, outcome, now)):
        raise LeaseLost
    if outcome.by_server:
        Attempt.objects.create(email=email, state=outcome.state, response=outcome.words, created_at=now)
    logger.info(
        "Mail %s is %s.",
        email.pk,
        outcome.state,
        extra={"invitation_id": email.invitation_id, "attempt": email.attempts + outcome.by_server},
    )


def _record_state_only(email: Email, outcome: Outcome) -> None:
    """Record what became of the mail, in its row alone and in words that every database takes; raises LeaseLost."""
    columns = _columns(email, replace(outcome, words=""), timezone.now()) | {"reason": NOT_RECORDED}
    held = Email.objects.filter(pk=email.pk, lease_id=email.lease_id)
    if not held.update(**columns):
        raise LeaseLost


def _columns(email: Email, outcome: Outcome, now: datetime) -> dict[str, object]:
    """The state, and when it is due again, if ever."""
    columns: dict[str, object] = {"state": outcome.state, "due_at": None, "lease_id": None, "reason": ""}
    columns["updated_at"] = now
    if outcome.by_server:
        columns |= {"attempts": F("attempts") + 1, "response": outcome.words}
    else:
        columns["reason"] = outcome.words
    if outcome.withheld:
        columns["withheld_at"] = now
    if outcome.state == Email.State.SENT:
        columns["sent_at"] = now
    if outcome.state == Email.State.QUEUED:
        columns["due_at"] = Now() + WHILE_ARCHIVED
    if outcome.state == Email.State.DEFERRED:
        if not email.is_to_invitee and now - email.created_at > GIVE_UP_AFTER:
            columns["state"] = Email.State.FAILED
        else:
            columns["due_at"] = Now() + backoff(email.attempts + 1)
    return columns
