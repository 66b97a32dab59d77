"""Receivers for signals of ``orgs`` (listed in ``orgs.signals``) and of ``accounts``.

The actions of ``orgs`` send their signals within their transactions.
"""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.models import User
from accounts.principals import SERVICE, Principal
from invitations.actions.ending import mark_expired
from invitations.actions.erasing import delete_invitations_of, erase_from_invitations, received_by
from invitations.actions.scheduling import reschedule
from invitations.actions.transitions import replace_role
from invitations.actions.waiting import complete_waiting
from invitations.models import Invitation
from orgs.models import Organization, Role, Unit
from orgs.signals import (
    account_purged,
    account_purging,
    daily_email_limit_set,
    organization_purging,
    role_deleting,
    seat_freed,
    unit_deleting,
)


@receiver(seat_freed, sender=Organization, dispatch_uid="invitations.complete_waiting")
def give_freed_seats(organization: Organization, **kwargs: Any) -> None:
    """Complete acceptances that wait for a seat."""
    complete_waiting(by=SERVICE, organization=organization)


@receiver(daily_email_limit_set, sender=Organization, dispatch_uid="invitations.reschedule")
def reschedule_emails(organization: Organization, by: Principal, **kwargs: Any) -> None:
    """Schedule the scheduled emails for the times that the new limit permits."""
    reschedule(by=by, organization=organization)


@receiver(role_deleting, sender=Role, dispatch_uid="invitations.replace_deleted_role")
def replace_deleted_role(organization: Organization, role: Role, successor: Role | None, **kwargs: Any) -> None:
    """Mark overdue invitations as expired. In unanswered ones, replace the role with its successor, if there is one."""
    mark_expired(Invitation.objects.filter(organization=organization))
    if successor is not None:
        replace_role(organization, role, successor)


@receiver(unit_deleting, sender=Unit, dispatch_uid="invitations.expire_before_unit_ends")
def expire_before_unit_ends(organization: Organization, **kwargs: Any) -> None:
    """Mark overdue invitations as expired, so that they do not prevent the deletion of the unit."""
    mark_expired(Invitation.objects.filter(organization=organization))


@receiver(organization_purging, sender=Organization, dispatch_uid="invitations.delete_invitations")
def delete_invitations(organization: Organization, **kwargs: Any) -> None:
    """Delete the organization's invitations and their emails."""
    delete_invitations_of(organization)


@receiver(account_purging, sender=User, dispatch_uid="invitations.inviting_organizations")
def inviting_organizations(user: User, addresses: set[str], **kwargs: Any) -> set[UUID]:
    """Return the ids of the organizations that have invited the person."""
    return set(received_by(user, addresses).values_list("organization_id", flat=True))


@receiver(account_purged, sender=User, dispatch_uid="invitations.erase_person")
def erase_person(user: User, addresses: set[str], locked: set[UUID], by: Principal, **kwargs: Any) -> None:
    """Cancel the person's unanswered invitations, and erase their name and addresses from invitations and emails."""
    erase_from_invitations(by=by, user=user, addresses=addresses, locked=locked)
