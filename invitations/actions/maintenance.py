"""The maintenance tasks that the worker runs once a minute."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from invitations.actions.ending import expire
from invitations.actions.reminders import ending_soon, remind
from invitations.actions.waiting import give_free_seats
from invitations.email.limits import OrganizationSendingLimitReached, RecipientSendingLimitReached, delete_old_counters
from invitations.models import Invitation
from orgs.locks import OrganizationNotFound
from orgs.models import Organization

logger = logging.getLogger(__name__)

MAX_BATCH = 100  # in each run, because emails wait while a task runs


def expire_overdue() -> None:
    """Mark overdue invitations as expired, one organization at a time."""
    overdue = Invitation.objects.overdue().order_by().values_list("organization_id", flat=True).distinct()
    for organization_id in list(overdue[:MAX_BATCH]):
        try:
            expire(organization_id=organization_id)
        except OrganizationNotFound:
            logger.info("organization no longer exists", extra={"organization_id": organization_id})
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable, so the next organization would fail too
        except Exception:
            logger.exception("marking invitations as expired failed", extra={"organization_id": organization_id})


def complete_acceptances() -> None:
    """Complete acceptances that wait for a seat, if a seat is free and the inviter can offer the grant.

    When a seat becomes free, a signal completes acceptances immediately. No signal reports that an inviter can offer
    the grant again, so this task checks. The order of the organizations is random: otherwise organizations whose
    invitees cannot join yet would fill each batch.
    """
    waiting = Invitation.objects.waiting().order_by().values("organization_id")
    organizations = Organization.objects.live().filter(pk__in=waiting).order_by("?").values_list("pk", flat=True)
    for organization_id in list(organizations[:MAX_BATCH]):
        try:
            give_free_seats(organization_id=organization_id)
        except OrganizationNotFound:
            logger.info("organization no longer exists", extra={"organization_id": organization_id})


def send_reminders() -> None:
    """Queue reminders for invitations that expire soon, the earliest expiry first.

    If a sending limit is reached, a later run tries again.
    """
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
            raise  # the database is unavailable, so the next reminder would fail too
        except Exception:
            logger.exception("queueing a reminder failed", extra={"invitation_id": key})
        if reminded == MAX_BATCH:
            break


MAINTENANCE_TASKS: tuple[Callable[[], None], ...] = (
    expire_overdue,
    complete_acceptances,
    send_reminders,
    delete_old_counters,
)
