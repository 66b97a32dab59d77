"""The maintenance tasks that the worker runs once a minute."""

import logging
from collections.abc import Callable
from uuid import UUID

from django.db import InterfaceError, OperationalError

from invitations.actions.ending import BATCH, expire
from invitations.actions.reminders import ending_soon, remind
from invitations.actions.waiting import give_free_seats
from invitations.email.limits import RecipientSendingLimitReached, SendingLimitReached, delete_old_counters
from invitations.models import Invitation
from orgs.locks import OrganizationNotFound
from orgs.models import Organization

logger = logging.getLogger(__name__)

MAX_BATCH = 100  # in each run, because emails wait while a task runs
MAX_ORGANIZATIONS = 20  # whose invitations are marked as expired in each run


def expire_overdue() -> bool:
    """Mark overdue invitations as expired, those that expired first before others. Return whether more may be overdue.

    Each step is a transaction that locks one organization.
    """
    marked, failed = 0, set[UUID]()
    for _ in range(MAX_ORGANIZATIONS):
        overdue = Invitation.objects.overdue().exclude(organization_id__in=failed).order_by("expires_at")
        organization_id = overdue.values_list("organization_id", flat=True).first()
        if organization_id is None or marked >= BATCH:
            break
        try:
            marked += expire(organization_id=organization_id)
        except OrganizationNotFound:
            failed.add(organization_id)
            logger.info("organization no longer exists", extra={"organization_id": organization_id})
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable, so the next organization would fail too
        except Exception:
            failed.add(organization_id)
            logger.exception("marking invitations as expired failed", extra={"organization_id": organization_id})
    return marked > 0 and organization_id is not None


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


def send_reminders() -> bool:
    """Queue reminders for invitations that expire soon, the earliest expiry first. Return whether more may be due.

    If a sending limit is reached, a later run tries again.
    """
    reminded, tried, over_limit = 0, set[UUID](), set[UUID]()
    while reminded < MAX_BATCH:
        due = ending_soon().exclude(pk__in=tried).exclude(organization_id__in=over_limit).order_by("expires_at", "id")
        batch = list(due.values_list("pk", "organization_id")[: MAX_BATCH - reminded])
        if not batch:
            return False
        for key, organization_id in batch:
            if organization_id not in over_limit:
                tried.add(key)
                reminded += _remind(key, organization_id, over_limit)
    return True


def _remind(invitation_id: UUID, organization_id: UUID, over_limit: set[UUID]) -> bool:
    """Queue a reminder. Return whether it was queued. Add the organization to ``over_limit`` if it is at its limit."""
    try:
        return remind(invitation_id=invitation_id)
    except SendingLimitReached:
        over_limit.add(organization_id)
    except RecipientSendingLimitReached:
        return False
    except (OperationalError, InterfaceError):
        raise  # the database is unavailable, so the next reminder would fail too
    except Exception:
        logger.exception("queueing a reminder failed", extra={"invitation_id": invitation_id})
    return False


MAINTENANCE_TASKS: tuple[Callable[[], bool | None], ...] = (
    expire_overdue,
    complete_acceptances,
    send_reminders,
    delete_old_counters,
)
