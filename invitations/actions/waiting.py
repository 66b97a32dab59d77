"""Complete accepted invitations that wait for a seat."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import SERVICE, Principal
from events.changed_fields import changes_of
from events.models import Event
from invitations.actions.giving import close_not_needed, give, needed_grant, parts_to_give
from invitations.actions.transitions import leave_waiting, withdraw
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs import policies
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
    calls this function again. A person who is a member already needs no seat.
    """
    if organization.is_archived:
        return 0
    waiting = list(organization.invitations.with_details().waiting())
    invitees = {invitation.answered_by_id for invitation in waiting}
    members: set[UUID | None] = set(
        organization.memberships.filter(user__in=invitees).values_list("user_id", flat=True)
    )
    completed, is_full = 0, False
    for invitation in waiting:
        if invitation.answered_by_id not in members:
            is_full = is_full or members_fill_seats(organization)
            if is_full:
                continue
        if _complete(by, organization, invitation):
            completed += 1
            members.add(invitation.answered_by_id)
    return completed


def _complete(by: Principal, organization: Organization, waiting: Invitation) -> bool:
    """Give the person who accepted what the invitation offers. Return whether the invitation was completed.

    If the account is deleted, cancel the invitation. If the account is inactive or the inviter cannot offer the grant,
    the invitation continues to wait.
    """
    account = lock_account(waiting.answered_by_id) if waiting.answered_by_id else None
    if account is None or account.deleted_at is not None:
        if withdraw(waiting.pk):
            changed = changes_of(waiting, status=Invitation.Status.CANCELLED)
            record("invitation.cancelled", by, waiting, organization, **changed)
        return False
    former = policies.find_membership(account, organization)
    grant = needed_grant(organization, waiting, former)
    if not account.is_active or grant is None:
        return False
    given = parts_to_give(former, grant)
    if not leave_waiting(waiting.pk, Invitation.Status.ACCEPTED, given=given):
        return False
    facts: dict[str, Any] = {"was_member": former is not None, "waited": True, "given": given}
    changed = changes_of(waiting, status=Invitation.Status.ACCEPTED, given=given)
    with Event.objects.together():
        give(by, organization, account, former, grant)
        record("invitation.accepted", by, waiting, organization, **facts, **changed)
    queue_email(waiting, Email.Kind.ANSWERED)
    close_not_needed(by, organization, account)
    return True
