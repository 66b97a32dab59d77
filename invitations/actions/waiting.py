"""Acceptances that wait for a seat: the invitee has said yes, and the organization owes the seat."""

from uuid import UUID

from django.db import transaction

from accounts.principals import SERVICE, Principal
from invitations.actions.granting import vouched_grant
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs import policies
from orgs.actions.members import add_membership
from orgs.actions.saving import record
from orgs.locks import lock_account, lock_organization
from orgs.models import Organization
from orgs.seats import members_fill_seats


@transaction.atomic
def give_free_seats(*, organization_id: UUID, by: Principal = SERVICE) -> int:
    """Complete what can be completed by now; returns how many. Raises OrganizationNotFound."""
    return complete_waiting(by=by, organization=lock_organization(organization_id, by=by))


def complete_waiting(*, by: Principal, organization: Organization) -> int:
    """Give free seats to those who accepted and wait, longest first; the caller holds the lock.

    Nobody enters an archived organization: restoring it comes back to this.
    """
    completed = 0
    if organization.is_archived:
        return completed
    for waiting in organization.invitations.with_details().waiting():
        if members_fill_seats(organization):
            break
        completed += _complete(by, organization, waiting)
    return completed


def _complete(by: Principal, organization: Organization, waiting: Invitation) -> bool:
    """Admit one who waits; whoever was deleted waits no more, and where the inviter's word is gone it goes on."""
    row = Invitation.objects.filter(pk=waiting.pk)
    account = lock_account(waiting.answered_by_id) if waiting.answered_by_id else None
    if account is None or account.deleted_at is not None:
        if row.withdraw():
            record("invitation.cancelled", by, waiting, organization)
        return False
    was_member = policies.find_membership(account, organization) is not None
    grant = vouched_grant(organization, waiting)
    if not account.is_active or (grant is None and not was_member):
        return False
    if not row.finish_waiting(Invitation.Status.ACCEPTED):
        return False
    if grant is not None and not was_member:
        add_membership(by=by, organization=organization, user=account, grant=grant)
    record("invitation.accepted", by, waiting, organization, was_member=was_member, waited=True)
    queue_email(waiting, Email.Kind.ANSWERED)
    return True
