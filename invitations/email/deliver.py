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
from invitations.email.address_hashes import MailRefusal
from invitations.email.messages import render
from invitations.email.models import Attempt, Mail
from invitations.email.queue import is_erased
from invitations.email.smtp import longest_conversation
from invitations.email.transport import (
    Outcome,
    code_of,
    connection_for_worker,
    hand_over,
    one_line,
    say_goodbye,
    words_of,
)
from invitations.models import Invitation

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # for all but the conversation with a mail server
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)
WHILE_ARCHIVED = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1; an invitation ends by its own date
DATABASE_PAUSES = (0, 1, 2, 4, 8, 15, 30, 60, 60)  # seconds, together shorter than the lease
ASKS_FOR_ANOTHER = (Mail.Kind.UNDELIVERABLE, Mail.Kind.ASK_AGAIN)
NOT_RECORDED = "The details could not be recorded."


class LeaseLost(Exception):
    """Another worker took the mail, or it is gone: what happened to it is no longer ours to say."""


def deliver_next() -> bool:
    """Deliver one mail that is due; False when there is none.

    Whatever is wrong with the mail ends in its row. Raises DatabaseError when the database is away; the lease
    then lets somebody try again.
    """
    connection = connection_for_worker()
    mail = claim()
    if mail is None:
        return False
    try:
        outcome = _deliver(mail, connection)
        _write_down_surely(mail, outcome)
    except LeaseLost:
        logger.warning("Mail %s is in other hands.", mail.pk, extra={"invitation_id": mail.invitation_id})
    finally:
        say_goodbye(connection)
    return True


def claim() -> Mail | None:
    """Take the mail that is due longest, for as long as the lease; None when there is none.

    PostgreSQL passes over the rows that another worker is just taking; on SQLite one takes at a time.
    """
    if not Mail.objects.due().exists():
        return None
    with transaction.atomic():
        mail = Mail.objects.due().select_for_update(skip_locked=True).first()
        if mail is not None:
            mail.lease_id = uuid7()
            taken = Mail.objects.due().order_by().filter(pk=mail.pk)
            taken.update(state=Mail.State.SENDING, lease_id=mail.lease_id, due_at=Now() + LEASE)
    return mail


def pause_after(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts: doubling up to a day, and spread so that not all come at once."""
    longest = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return longest * SystemRandom().uniform(0.5, 1)


def _deliver(mail: Mail, connection: BaseEmailBackend) -> Outcome:
    try:
        invitation = Invitation.objects.with_details().get(pk=mail.invitation_id)
        verdict = _examine(mail, invitation)
        if verdict:
            return verdict
        message = render(mail, invitation)
        _renew_lease(mail)
        return hand_over(connection, message)
    except (DatabaseError, InterfaceError, LeaseLost):
        raise
    except Exception as error:
        # A row that cannot be sent is set aside, so that it stops nothing but itself; its invitation stays open.
        logger.exception("Mail %s cannot be made.", mail.pk, extra={"invitation_id": mail.invitation_id})
        words = one_line(f"Not sent: {type(error).__name__}: {words_of(error)}")
        return Outcome(Mail.State.FAILED, words, by_server=False)


def _renew_lease(mail: Mail) -> None:
    """Begin the lease anew before the mail leaves us, so that it outlasts the conversation and the writing down.

    Raises LeaseLost when it ended, as after a long standstill.
    """
    held = Mail.objects.filter(pk=mail.pk, lease_id=mail.lease_id, due_at__gt=Now())
    if not held.update(due_at=Now() + longest_conversation() + LEASE):
        raise LeaseLost


def _examine(mail: Mail, invitation: Invitation) -> Outcome | None:
    """Why this mail should not go out now, or None."""
    return _examine_to_invitee(mail, invitation) if mail.is_to_invitee else _examine_to_inviter(mail, invitation)


def _examine_to_invitee(mail: Mail, invitation: Invitation) -> Outcome | None:
    if mail.generation != invitation.generation:
        return Outcome(Mail.State.DROPPED, "A newer mail was sent.", by_server=False)
    if not invitation.is_open:
        return Outcome(Mail.State.DROPPED, f"The invitation is {invitation.state}.", by_server=False)
    if invitation.organization.is_archived:
        return Outcome(Mail.State.QUEUED, "The organization is archived.", by_server=False)
    if MailRefusal.objects.concerning(mail.recipient, invitation.organization).exists():
        return Outcome(Mail.State.DROPPED, "The recipient asked for no mails.", by_server=False, withheld=True)
    return None


def _examine_to_inviter(mail: Mail, invitation: Invitation) -> Outcome | None:
    if is_erased(invitation.email):
        return Outcome(Mail.State.DROPPED, "The invited person was erased.", by_server=False)
    if mail.kind in ASKS_FOR_ANOTHER and invitation.is_superseded:
        return Outcome(Mail.State.DROPPED, "A newer invitation was sent.", by_server=False)
    return None


def _write_down_surely(mail: Mail, outcome: Outcome) -> None:
    """Write down, through lost database connections: what a server has accepted must not be sent again.

    What cannot be written down whole, for any other reason, is written down without the details. Raises LeaseLost.
    """
    write = _write_down
    for pause in DATABASE_PAUSES:
        try:
            return write(mail, outcome)
        except LeaseLost:
            raise
        except (OperationalError, InterfaceError) as error:
            logger.warning("Mail %s: the database is away: %s", mail.pk, error)
            time.sleep(pause)
            close_old_connections()
        except Exception:
            if write is _write_down_barely:
                raise
            logger.exception("Mail %s: %s", mail.pk, NOT_RECORDED, extra={"invitation_id": mail.invitation_id})
            write = _write_down_barely
    return write(mail, outcome)


@transaction.atomic
def _write_down(mail: Mail, outcome: Outcome) -> None:
    """Record in one conditional UPDATE that only the holder of the lease can make; raises LeaseLost.

    All its times are one moment, so that they do not tell whether a mail was sent or its recipient wants none.
    """
    now = timezone.now()
    if outcome.by_server and outcome.state == Mail.State.FAILED and mail.is_to_invitee:
        # First, because it locks the organization, which everybody locks before anything of it.
        fail(invitation_id=mail.invitation_id, generation=mail.generation, reason=code_of(outcome.words))
    held = Mail.objects.filter(pk=mail.pk, lease_id=mail.lease_id)
    if not held.update(**_columns(mail, outcome, now)):
        raise LeaseLost
    if outcome.by_server:
        Attempt.objects.create(mail=mail, state=outcome.state, response=outcome.words, created_at=now)
    logger.info(
        "Mail %s is %s.",
        mail.pk,
        outcome.state,
        extra={"invitation_id": mail.invitation_id, "attempt": mail.attempts + outcome.by_server},
    )


def _write_down_barely(mail: Mail, outcome: Outcome) -> None:
    """Record what became of the mail, in its row alone and in words that every database takes; raises LeaseLost."""
    columns = _columns(mail, replace(outcome, words=""), timezone.now()) | {"reason": NOT_RECORDED}
    held = Mail.objects.filter(pk=mail.pk, lease_id=mail.lease_id)
    if not held.update(**columns):
        raise LeaseLost


def _columns(mail: Mail, outcome: Outcome, now: datetime) -> dict[str, object]:
    """The state, and when it is due again, if ever."""
    columns: dict[str, object] = {"state": outcome.state, "due_at": None, "lease_id": None, "reason": ""}
    columns["updated_at"] = now
    if outcome.by_server:
        columns |= {"attempts": F("attempts") + 1, "response": outcome.words}
    else:
        columns["reason"] = outcome.words
    if outcome.withheld:
        columns["withheld_at"] = now
    if outcome.state == Mail.State.SENT:
        columns["sent_at"] = now
    if outcome.state == Mail.State.QUEUED:
        columns["due_at"] = Now() + WHILE_ARCHIVED
    if outcome.state == Mail.State.DEFERRED:
        if not mail.is_to_invitee and now - mail.created_at > GIVE_UP_AFTER:
            columns["state"] = Mail.State.FAILED
        else:
            columns["due_at"] = Now() + pause_after(mail.attempts + 1)
    return columns
