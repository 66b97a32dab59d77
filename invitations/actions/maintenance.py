"""What the worker does beside sending: conveniences that nothing waits for."""

import logging
from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.models import IdempotentResponse
from invitations.actions.ending import expire
from invitations.actions.reminders import ending_soon, remind
from invitations.actions.waiting import give_free_seats
from invitations.email.limits import OrganizationSendingLimitReached, RecipientSendingLimitReached, delete_old_counters
from invitations.models import Invitation
from orgs.locks import OrganizationNotFound
from orgs.models import Organization

logger = logging.getLogger(__name__)

MAX_BATCH = 100  # the rest comes with the next round, so that mails need not wait for long chores
MAX_SESSION_BATCH = 1000  # which are one short statement


def expire_overdue() -> None:
    """Give overdue invitations their end state, organization by organization."""
    overdue = Invitation.objects.overdue().order_by().values_list("organization_id", flat=True).distinct()
    for organization_id in list(overdue[:MAX_BATCH]):
        try:
            expire(organization_id=organization_id)
        except OrganizationNotFound:
            logger.info("Organization %s is gone.", organization_id)
        except (OperationalError, InterfaceError):
            raise  # the database is away for all of them
        except Exception:
            logger.exception("Overdue invitations stay as they are.", extra={"organization_id": organization_id})


def complete_acceptances() -> None:
    """Give free seats to those who wait: when their inviter may offer it again, no seat is freed that would say so.

    Some wait in vain for long: by chance, so that they never keep the others away.
    """
    waiting = Invitation.objects.waiting().order_by().values("organization_id")
    theirs = Organization.objects.live().filter(pk__in=waiting).order_by("?").values_list("pk", flat=True)
    for organization_id in list(theirs[:MAX_BATCH]):
        try:
            give_free_seats(organization_id=organization_id)
        except OrganizationNotFound:
            logger.info("Organization %s is gone.", organization_id)


def send_reminders() -> None:
    """Remind of invitations that end soon, the most urgent first; what a limit holds back waits for a later round."""
    reminded, over_limit = 0, set()
    for key, organization_id in list(ending_soon().order_by("expires_at", "id").values_list("pk", "organization_id")):
        if organization_id in over_limit:
            continue
        try:
            reminded += remind(invitation_id=key)
        except OrganizationSendingLimitReached:
            over_limit.add(organization_id)
        except RecipientSendingLimitReached:
            continue
        except (OperationalError, InterfaceError):
            raise  # the database is away for all of them
        except Exception:
            logger.exception("A reminder cannot be queued.", extra={"invitation_id": key})
        if reminded == MAX_BATCH:
            break


def delete_old_responses() -> None:
    """Delete what was kept for repeated requests and is no longer asked for."""
    IdempotentResponse.objects.outdated().delete()


def delete_expired_sessions() -> None:
    """Delete sessions that have ended, the oldest first: each mail scanner that looks at a mailed link leaves one."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    oldest = expired.order_by("expire_date").values_list("pk", flat=True)[:MAX_SESSION_BATCH]
    expired.filter(pk__in=list(oldest)).delete()


MAINTENANCE_TASKS: tuple[Callable[[], None], ...] = (
    expire_overdue,
    complete_acceptances,
    send_reminders,
    delete_old_responses,
    delete_old_counters,
    delete_expired_sessions,
)
