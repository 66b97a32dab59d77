"""The link that a manager copies, for people who get no email, for example without a mail server."""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from invitations.actions.granting import require_can_resend_edit_or_withdraw, vouched_grant
from invitations.lookups import find_manageable
from invitations.refusals import InviterCannotGrant, require_open
from invitations.tokens import listed_link_for
from orgs import policies
from orgs.actions.account_rights import require_other
from orgs.actions.saving import record
from orgs.locks import lock_organization

NOT_VOUCHED = (
    "The person who sent this invitation can no longer offer what it offers. Send it again to offer it yourself."
)


@transaction.atomic
def copy_link(*, by: Principal, organization_id: UUID, invitation_id: UUID) -> str:
    """Return the link of an open invitation. It opens the page of the invitation, but does not prove a mailbox.

    The person must therefore sign in with a verified address. The caller must be allowed to resend the invitation. The
    event says who copied the link.

    Raises InvitationNotFound, PermissionMissing, GrantTooWide, and OwnAccount for staff whose own address is invited.
    If the invitation is not open, raises the error from ``why_not_open``, and if nobody could accept it, because the
    inviter has left or can no longer offer it, InviterCannotGrant.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_any_member_management(by, organization)
    invitation = find_manageable(held, organization, invitation_id)
    require_other(by, invitation.email)
    require_can_resend_edit_or_withdraw(held, require_open(invitation).grant)
    if vouched_grant(organization, invitation) is None:
        raise InviterCannotGrant(NOT_VOUCHED)
    record("invitation.link_copied", by, invitation, organization, generation=invitation.generation)
    return listed_link_for(invitation)
