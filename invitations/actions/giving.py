"""Give an invitee what the invitation offers, and close the invitations that offer nothing more to the new member.

The calling action has locked the organization and checked that the caller may accept.
"""

from accounts.models import User
from accounts.principals import Principal
from events.changed_fields import changes_of
from invitations.actions.granting import vouched_grant
from invitations.actions.transitions import withdraw
from invitations.email.queue import drop_scheduled
from invitations.models import Invitation
from orgs import policies
from orgs.actions.members import add_membership, extend_membership
from orgs.actions.saving import record
from orgs.models import Membership, Organization
from orgs.policies import Grant, GrantPart

NOT_NEEDED = "not_needed"  # the reason in the event of an invitation that was closed because it offers nothing more


def needed_grant(organization: Organization, invitation: Invitation, membership: Membership | None) -> Grant | None:
    """Return the grant if the inviter can still offer it, or if it gives the member nothing new. Otherwise None."""
    if membership is not None and not policies.additions(membership, invitation.grant):
        return invitation.grant
    return vouched_grant(organization, invitation)


def parts_to_give(membership: Membership | None, grant: Grant) -> list[GrantPart]:
    """Return the parts of the grant that the person does not have yet."""
    return grant.parts if membership is None else policies.additions(membership, grant)


def give(
    by: Principal, organization: Organization, user: User, membership: Membership | None, grant: Grant
) -> Membership:
    """Make the user a member, or add to the membership what it lacks. Return the membership.

    Raises what ``add_membership`` raises.
    """
    if membership is None:
        return add_membership(by=by, organization=organization, user=user, grant=grant)
    extend_membership(by=by, organization=organization, membership=membership, grant=grant)
    return membership


def close_not_needed(by: Principal, organization: Organization, user: User) -> None:
    """Cancel the new member's open and waiting invitations that would give nothing new."""
    others = list(organization.invitations.with_details().unanswered_of(user))
    membership = policies.find_membership(user, organization) if others else None
    for other in others:
        if membership and not policies.additions(membership, other.grant) and withdraw(other.pk, given=[]):
            drop_scheduled(other, "The invitation is cancelled.")
            changed = changes_of(other, status=Invitation.Status.CANCELLED, given=[])
            record("invitation.cancelled", by, other, organization, reason=NOT_NEEDED, **changed)
