"""The steps that change, resend or cancel one invitation. The actions for one and for many invitations share them.

The caller must have locked the organization and found the invitation among those that ``by`` may manage. ``held`` are
the permissions of ``by``. If ``resend_invitation`` raises an error, it may have written something before, so roll back
the transaction or a savepoint. The other steps raise errors only before they write.
"""

from typing import Any

from accounts.principals import Principal
from events.changed_fields import changes_of
from invitations.actions.granting import lifetime_columns, require_can_resend_edit_or_withdraw, voucher_columns
from invitations.actions.inviting_steps import REPLACED, count_in_place_of, resend_row, send_again
from invitations.actions.transitions import change_open, reflect, withdraw
from invitations.email.models import Email
from invitations.email.queue import drop_scheduled, queue_email, scheduled_for
from invitations.models import Invitation
from invitations.refusals import InvitationExpired, require_open, why_not_open
from orgs.actions.account_rights import require_other
from orgs.actions.saving import record
from orgs.lookups import grant_data
from orgs.models import Organization
from orgs.policies import EffectivePermissions, Grant


def require_changeable(by: Principal, held: EffectivePermissions, invitation: Invitation) -> Grant:
    """Return the grant of an open invitation that the caller may change or resend. Raises what the actions raise."""
    require_other(by, invitation.email)
    grant = require_open(invitation).grant
    require_can_resend_edit_or_withdraw(held, grant)
    return grant


def change_invitation(
    by: Principal,
    held: EffectivePermissions,
    organization: Organization,
    invitation: Invitation,
    grant: Grant,
    lifetime_days: int | None,
    texts: dict[str, Any],
) -> Invitation:
    """Save the grant, the texts and, unless it is None, the lifetime of a changeable invitation. See ``inviting``."""
    changes: dict[str, Any] = {
        "role": grant.role,
        "permissions": sorted(grant.permissions),
        "unit_role": grant.unit_role,
    }
    if lifetime_days is not None:
        changes |= lifetime_columns(lifetime_days, scheduled_for(invitation))
    changes |= texts | voucher_columns(by, held, organization, invitation, grant)
    written = change_open(invitation.pk, **changes)
    if not written:
        raise InvitationExpired
    facts = grant_data(grant) | changes_of(invitation, **changes)
    record("invitation.updated", by, invitation, organization, lifetime_days=lifetime_days, **facts)
    return reflect(invitation, written)


def resend_invitation(
    by: Principal, held: EffectivePermissions, organization: Organization, invitation: Invitation, lifetime_days: int
) -> list[Invitation]:
    """Do the steps of ``inviting.resend``.

    Return the invitation, or the new one that replaces it, and after it those that share its email and were resent too.
    """
    if invitation.ended_unanswered and not invitation.is_superseded:
        return [send_again(by, held, organization, invitation, lifetime_days)]
    require_changeable(by, held, invitation)
    others = list(invitation.open_in_same_email())
    for other in others:
        require_can_resend_edit_or_withdraw(held, other.grant)
    drop_scheduled(invitation, REPLACED, if_shared=True)
    sent_at = count_in_place_of(invitation, by, organization, invitation.email, slots=1 + len(others))
    changes = lifetime_columns(lifetime_days, sent_at)
    if invitation.shares_email_of_id is not None:
        changes["shares_email_of"] = invitation if others else None
    rows = [invitation, *others]
    changed = {row.pk: resend_row(by, held, organization, row, changes, sent_at) for row in rows}
    queue_email(invitation, Email.Kind.INVITATION, sent_at, by)
    for row in rows:
        record("invitation.resent", by, row, organization, generation=row.generation, **changed[row.pk])
    return rows


def cancel_invitation(
    by: Principal, held: EffectivePermissions, organization: Organization, invitation: Invitation
) -> Invitation:
    """Do the steps of ``inviting.cancel``."""
    if invitation.finished_at is None:
        require_can_resend_edit_or_withdraw(held, invitation.grant)
    written = withdraw(invitation.pk)
    if not written:
        raise why_not_open(invitation)
    drop_scheduled(invitation, "The invitation is cancelled.")
    changed = changes_of(invitation, status=Invitation.Status.CANCELLED)
    record("invitation.cancelled", by, invitation, organization, **changed)
    return reflect(invitation, written)
