"""The terms of an invitation: how long it lives, who may offer it, and who vouches for it."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.principals import Principal
from core.errors import Invalid, NotFound, Unprocessable
from invitations.models import Invitation
from orgs import policies
from orgs.lookups import find_grant
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS
from orgs.policies import EffectivePermissions, Grant

DEFAULT_LIFETIME_DAYS = 10
MAX_LIFETIME_DAYS = 30


def expiry(lifetime_days: int) -> datetime:
    """The moment an invitation sent now ends; raises Invalid unless it is 1 to 30 days away."""
    if not 1 <= lifetime_days <= MAX_LIFETIME_DAYS:
        raise Invalid(fields={"lifetime_days": [f"Choose 1 to {MAX_LIFETIME_DAYS} days."]})
    return timezone.now() + timedelta(days=lifetime_days)


def require_grant(by: Principal, organization: Organization, grant: Grant) -> None:
    """Raise unless the caller manages members here (or in the grant's unit) and holds all that the grant gives."""
    policies.require_grantable(policies.require_member_management(by, organization, grant.unit), grant)


def require_withdrawal(by: Principal, organization: Organization, invitation: Invitation) -> None:
    """Raise unless the caller may withdraw this: who manages one unit only must hold all that it grants."""
    held = policies.require_member_management(by, organization, invitation.unit)
    if invitation.finished_at is None and not held.permits(MANAGE_MEMBERS):
        policies.require_grantable(held, invitation.grant)


def vouched_grant(organization: Organization, invitation: Invitation) -> Grant | None:
    """What accepting gives, or None when the inviter, as they are now, could not offer it.

    Everything that was checked at creation is checked again: that what the invitation names belongs to this
    organization, and the inviter's ceiling.
    """
    try:
        grant = find_grant(
            organization,
            role_id=invitation.role_id,
            permissions=frozenset(invitation.permissions),
            unit_id=invitation.unit_id,
            unit_role_id=invitation.unit_role_id,
        )
    except (NotFound, Unprocessable):
        return None
    held = policies.inviter_permissions(invitation.inviter, organization)
    return grant if held is not None and _could_offer(held, grant) else None


def still_vouched(organization: Organization, invitation: Invitation) -> bool:
    """Whether the inviter, as they are now, could still offer this."""
    return vouched_grant(organization, invitation) is not None


def voucher_columns(by: Principal, organization: Organization, invitation: Invitation, grant: Grant) -> dict[str, Any]:
    """The columns that make the caller the inviter, where the present inviter can no longer offer this grant."""
    held = policies.inviter_permissions(invitation.inviter, organization)
    return {} if held is not None and _could_offer(held, grant) else signature(by)


def signature(by: Principal) -> dict[str, Any]:
    """Who invites, as the key that vouches and the snapshot that stays."""
    name = by.user.display_name if by.user else ""
    return {"inviter": by.user, "inviter_user_id": by.actor_id, "inviter_name": name}


def _could_offer(held: EffectivePermissions, grant: Grant) -> bool:
    may_invite = held.permits(MANAGE_MEMBERS) or bool(grant.unit and held.permits(UNIT_MANAGE_MEMBERS, grant.unit.pk))
    return may_invite and not held.missing_for(grant)
