"""Check the lifetime of an invitation, and whether the caller and the inviter may offer its grant.

The inviter must be able to offer the grant until the invitation is accepted (decision 5).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.principals import Method, Principal, may_act_as_staff
from core.errors import Invalid
from events.models import Event
from invitations.models import Invitation
from invitations.refusals import InviterCannotGrant
from orgs import policies
from orgs.lookups import is_usable
from orgs.models import Organization, RoleAssignment
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS
from orgs.policies import EffectivePermissions, Grant

DEFAULT_LIFETIME_DAYS = 10
MAX_LIFETIME_DAYS = 30

# With one of these Django permissions, staff send invitations: they invite, create an organization, or send again.
PERMISSIONS_OF_SENDERS = ("invitations.add_invitation", "orgs.add_organization", "invitations.change_invitation")
# The events of those who send an invitation or become its inviter.
SENT = ("invitation.created", "invitation.updated", "invitation.resent")
FOR_STAFF = (
    "The person who sent this invitation can no longer offer it. Ask a manager of the organization to send it again, "
    "or withdraw it and invite the person yourself."
)


def expiry(lifetime_days: int, sent_at: datetime | None = None) -> datetime:
    """Return when an invitation expires that is sent at this time, or now.

    Raises Invalid unless ``lifetime_days`` is 1 to 30.
    """
    if not 1 <= lifetime_days <= MAX_LIFETIME_DAYS:
        raise Invalid(fields={"lifetime_days": [f"Choose 1 to {MAX_LIFETIME_DAYS} days."]})
    return (sent_at or timezone.now()) + timedelta(days=lifetime_days)


def lifetime_columns(lifetime_days: int, sent_at: datetime | None) -> dict[str, Any]:
    """Return the column values of an invitation whose email is sent at this time. None means now.

    When a scheduled email is sent, its invitation is open for ``lifetime_days`` again (``scheduling.start_lifetime``).
    Raises Invalid unless ``lifetime_days`` is 1 to 30.
    """
    is_scheduled = sent_at is not None
    return {"expires_at": expiry(lifetime_days, sent_at), "lifetime_days": lifetime_days if is_scheduled else None}


def require_grant(held: EffectivePermissions, grant: Grant) -> None:
    """Require that a caller with these permissions may manage members and has every permission in the grant.

    If the grant includes a role in a unit, the caller needs to manage only that unit's members. Raises
    PermissionMissing, GrantTooWide.
    """
    policies.require_managing(held, grant.unit)
    policies.require_grantable(held, grant)


def require_can_resend_edit_or_withdraw(held: EffectivePermissions, grant: Grant) -> None:
    """Require that a caller with these permissions may resend, edit and withdraw an invitation with this grant.

    The rule is the same as for removing a member (decision 39): the caller manages members there and has the
    administrative permissions of the grant. Who manages only the members of the unit also has all permissions that the
    grant gives in the organization. What the caller newly grants also needs ``require_grant``. Raises
    PermissionMissing, GrantTooWide.
    """
    policies.require_managing(held, grant.unit)
    policies.require_can_withdraw(held, grant)


def vouched_grant(organization: Organization, invitation: Invitation) -> Grant | None:
    """Return the invitation's grant, or None if the inviter can no longer offer it.

    This repeats the checks made when the invitation was created: the role and the unit belong to the organization, and
    the inviter has every permission in the grant.
    """
    if not invitation.has_whole_grant or not is_usable(organization, invitation.grant):
        return None
    held = _vouching_permissions(invitation, organization)
    return invitation.grant if held is not None and _could_offer(held, invitation.grant) else None


def still_vouched(organization: Organization, invitation: Invitation) -> bool:
    """Return whether the inviter can still offer the invitation's grant.

    For pages and explanations, not for actions: the result is kept in the object, because a page asks several times.
    """
    if not hasattr(invitation, "was_vouched"):
        invitation.was_vouched = vouched_grant(organization, invitation) is not None
    return invitation.was_vouched


def check_vouched(organization: Organization, invitations: Collection[Invitation]) -> None:
    """Find out for these open invitations, loaded ``with_details``, what ``still_vouched`` returns, in one query.

    An inviter who is active staff counts as able to offer everything, because staff permissions need more queries.
    """
    held = _permissions_of({one.inviter_id for one in invitations if one.inviter_id}, organization)
    for invitation in invitations:
        inviter = invitation.inviter
        its = policies.UNRESTRICTED if inviter and inviter.is_active and inviter.is_staff else None
        its = its or held.get(invitation.inviter_id)
        is_whole = invitation.has_whole_grant and is_usable(organization, invitation.grant)
        invitation.was_vouched = is_whole and its is not None and _could_offer(its, invitation.grant)


def has_left(organization: Organization, invitation: Invitation) -> bool:
    """Return whether the invitation names an inviter who is not a member now."""
    if not invitation.inviter_name:
        return False
    return invitation.inviter_id is None or not organization.memberships.filter(user=invitation.inviter_id).exists()


def _permissions_of(users: Collection[UUID], organization: Organization) -> dict[UUID | None, EffectivePermissions]:
    """Return the current permissions of the active members among these users, in one query."""
    if not users:
        return {}
    assignments = RoleAssignment.objects.filter(
        membership__user__in=users, membership__organization=organization, membership__user__is_active=True
    ).select_related("membership", "role")
    found: dict[UUID | None, list[RoleAssignment]] = {}
    for assignment in assignments:
        found.setdefault(assignment.membership.user_id, []).append(assignment)
    return {user: policies.permissions_from_roles(roles[0].membership, roles) for user, roles in found.items()}


def voucher_columns(
    by: Principal, held: EffectivePermissions, organization: Organization, invitation: Invitation, grant: Grant
) -> dict[str, Any]:
    """Return column values that replace the inviter with the caller, or {} if the inviter can still offer the grant.

    ``held`` are the caller's permissions. To become the inviter, the caller must be able to offer the grant. Raises
    what ``require_grant`` raises. Staff become the inviter only if the invitation names nobody
    (``staff_can_replace_inviter``): otherwise raises InviterCannotGrant for them.
    """
    vouching = _vouching_permissions(invitation, organization)
    if vouching is not None and _could_offer(vouching, grant):
        return {}
    if by.is_staff and not staff_can_replace_inviter(invitation):
        raise InviterCannotGrant(FOR_STAFF)
    require_grant(held, grant)
    return signature(by)


def successor_columns(
    by: Principal, held: EffectivePermissions, organization: Organization, former: Invitation
) -> dict[str, Any]:
    """Return the column values with the inviter of an invitation that repeats ``former``.

    The inviter is the caller. If the caller is staff, the inviter stays the same, if that person can still offer the
    grant. Otherwise ``voucher_columns`` decides. Raises InviterCannotGrant.
    """
    if not by.is_staff:
        return signature(by)
    same = {name: getattr(former, name) for name in ("inviter", "inviter_user_id", "inviter_name")}
    return same | voucher_columns(by, held, organization, former, former.grant)


def staff_can_replace_inviter(invitation: Invitation) -> bool:
    """Return whether staff become the inviter if the current one can no longer offer the grant.

    They do if the invitation names nobody: staff sent it, or the inviter's account was erased. The invitee then learns
    of no stranger, and the organization may have no manager who could send it again.
    """
    return not invitation.inviter_name


def signature(by: Principal) -> dict[str, Any]:
    """Return the column values that make the caller the inviter: the account, its id and its name.

    The id and the name remain in the row if the account is deleted. Staff are named nowhere (``is_from_staff``).
    """
    name = by.user.display_name if by.user and not by.is_staff else ""
    return {"inviter": by.user, "inviter_user_id": by.actor_id, "inviter_name": name}


def _vouching_permissions(invitation: Invitation, organization: Organization) -> EffectivePermissions | None:
    """Return the permissions that the inviter may offer now, or None for none.

    Staff who may send invitations in the admin may offer anything in invitations that they sent there. Otherwise, only
    their membership counts.
    """
    if _is_vouched_by_staff(invitation):
        return policies.UNRESTRICTED
    return policies.inviter_permissions(invitation.inviter, organization)


def _is_vouched_by_staff(invitation: Invitation) -> bool:
    if (inviter := invitation.inviter) is None:
        return False
    if invitation.is_from_staff:
        return any(may_act_as_staff(inviter, permission) for permission in PERMISSIONS_OF_SENDERS)
    return may_act_as_staff(inviter, "invitations.change_invitation") and _was_taken_over_by_staff(invitation)


def _was_taken_over_by_staff(invitation: Invitation) -> bool:
    """Return whether the inviter, who is named, became the inviter in the admin of an earlier version.

    Then everything that this person did with the invitation is an event of staff. If the invitation repeats one that
    the same person sent, it is unknown who they were then, so the answer is no.
    """
    inviter_id = invitation.inviter_user_id
    events = Event.objects.about(invitation).filter(actor_id=inviter_id, kind__in=SENT)
    if set(events.values_list("actor_method", flat=True)) != {Method.STAFF}:
        return False
    return not Invitation.objects.filter(superseded_by=invitation, inviter_user_id=inviter_id).exists()


def _could_offer(held: EffectivePermissions, grant: Grant) -> bool:
    may_invite = held.permits(MANAGE_MEMBERS) or bool(grant.unit and held.permits(UNIT_MANAGE_MEMBERS, grant.unit.pk))
    return may_invite and not held.missing_for(grant)
