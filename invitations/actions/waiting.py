"""Complete accepted invitations that wait for a seat."""

from uuid import UUID

from django.db import transaction

from accounts.principals import SERVICE, Principal
from invitations.actions.granting import vouched_grant
from invitations.actions.transitions import leave_waiting, withdraw
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
    """Lock the organization and give its free seats to waiting invitations. Return the number of new members.

    Raises OrganizationNotFound.
    """
    return complete_waiting(by=by, organization=lock_organization(organization_id, by=by))


def complete_waiting(*, by: Principal, organization: Organization) -> int:
    """Give free seats to waiting invitations, the longest wait first. Return the number of completed invitations.

    The caller must have locked the organization. Nobody can join an archived organization. Restoring the organization
    calls this function again.
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
    """Add the person who accepted as a member. Return whether the invitation was completed.

    If the account is deleted, cancel the invitation. If the account is inactive or the inviter cannot offer the grant,
    the invitation continues to wait.
    """
    account = lock_account(waiting.answered_by_id) if waiting.answered_by_id else None
    if account is None or account.deleted_at is not None:
        if withdraw(waiting.pk):
            record("invitation.cancelled", by, waiting, organization)
        return False
    was_member = policies.find_membership(account, organization) is not None
    grant = vouched_grant(organization, waiting)
    if not account.is_active or (grant is None and not was_member):
        return False
    if not leave_waiting(waiting.pk, Invitation.Status.ACCEPTED):
        return False
    if grant is not None and not was_member:
        add_membership(by=by, organization=organization, user=account, grant=grant)
    record("invitation.accepted", by, waiting, organization, was_member=was_member, waited=True)
    queue_email(waiting, Email.Kind.ANSWERED)
    return True
