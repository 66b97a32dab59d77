"""Actions on the members of an organization. See ``organizations`` for the five steps of each action."""

from uuid import UUID

from django.db import transaction

from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import Principal
from core.compiled_inserts import insert
from core.errors import Conflict, Denied, Unprocessable
from events.changed_fields import describe_changes
from orgs import policies
from orgs.actions.account_rights import require_other
from orgs.actions.notices import notify_about_new_owner, notify_member
from orgs.actions.saving import record, save_checked
from orgs.locks import lock_active_account, lock_organization
from orgs.lookups import MemberNotFound, RoleKey, find_grant, find_member, grant_data
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import ADMIN_ROLE, OWN, OWNER_ROLE
from orgs.policies import Grant, GrantPart
from orgs.seats import require_seat
from orgs.signals import seat_freed

Purpose = AccountEmail.Purpose


class LastOwner(Conflict):
    """The change would leave the organization without an active owner."""

    message = "An organization needs an owner: transfer the ownership first."


class OwnerIsNoPerson(Unprocessable):
    """A system user cannot be an owner: a person must be responsible for the organization."""

    message = "Only a person can own an organization."


class OwnerIsInactive(Unprocessable):
    """A deactivated account would become an owner. An organization needs an active owner."""

    message = "This account is deactivated. Only a person with an active account can become an owner."


class AlreadyMember(Conflict):
    """The user is already a member, or is a system user of another organization."""

    message = "This person is already a member."


class InvitationRequired(Denied):
    """A person can only be added by accepting an invitation."""

    message = "A person joins by accepting an invitation."


def add_membership(*, by: Principal, organization: Organization, user: User, grant: Grant) -> Membership:
    """Make the user a member with this grant. The calling code has locked the organization and checked permissions.

    Raises AccountEnded, OwnerIsNoPerson, AlreadyMember.
    """
    lock_active_account(user.pk)
    _require_fit_to_own(user, grant)
    membership = Membership(organization=organization, user=user, permissions=sorted(grant.permissions))
    save_checked(membership, conflict=AlreadyMember)
    insert(RoleAssignment(membership=membership, role=grant.role))
    if grant.unit and grant.unit_role:
        insert(RoleAssignment(membership=membership, role=grant.unit_role, unit=grant.unit))
    record("membership.created", by, membership, organization, user_id=user.pk, **grant_data(grant))
    return membership


def extend_membership(*, by: Principal, organization: Organization, membership: Membership, grant: Grant) -> None:
    """Add to a member what the grant has and the member lacks (``policies.additions``).

    Nothing is taken away. The calling code has locked the organization and checked permissions. Raises AccountEnded,
    OwnerIsNoPerson.
    """
    lock_active_account(membership.user_id)
    added = policies.additions(membership, grant)
    if GrantPart.ROLE in added or GrantPart.PERMISSIONS in added:
        role = grant.role if GrantPart.ROLE in added else membership.organization_role
        extended = Grant(role, frozenset(membership.permissions) | grant.permissions)
        _require_fit_to_own(membership.user, extended)
        change_organization_grant(by, organization, membership, extended)
    if GrantPart.UNIT_ROLE in added:
        set_unit_role(by=by, organization=organization, membership=membership, grant=grant)


@transaction.atomic
def add_member(
    *,
    by: Principal,
    organization_id: UUID,
    user: User,
    role_id: RoleKey,
    permissions: frozenset[str] = frozenset(),
) -> Membership:
    """Make a user a member without an invitation. Only staff may add other people. Members may add new system users.

    Raises OrganizationNotFound, PermissionMissing, OwnAccount, InvitationRequired for a person, AlreadyMember (also for
    a system user of another organization), UnknownRole, UnknownPermission, GrantTooWide, NoSeatLeft, AccountEnded,
    OwnerIsNoPerson.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    require_other(by, user)
    if user.is_person and not by.is_staff:
        raise InvitationRequired
    if not user.is_person and user.memberships.exists():
        raise AlreadyMember
    grant = find_grant(organization, role_id=role_id, permissions=permissions)
    policies.require_grantable(held, grant)
    require_seat(organization, *user.verified_addresses())
    return add_membership(by=by, organization=organization, user=user, grant=grant)


@transaction.atomic
def remove_member(*, by: Principal, organization_id: UUID, membership_id: UUID) -> None:
    """Remove a member.

    Raises OrganizationNotFound, PermissionMissing, MemberNotFound, LastOwner, and GrantTooWide if the member has
    administrative permissions that the caller lacks (``policies.require_can_remove``).
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    policies.require_can_remove(held, membership)
    end_membership(by=by, organization=organization, membership=membership, kind="membership.removed")
    notify_member(Purpose.MEMBERSHIP_ENDED, by=by, organization=organization, user=membership.user)


@transaction.atomic
def leave_organization(*, by: Principal, organization_id: UUID) -> None:
    """End the caller's own membership. The caller needs no permission.

    Raises OrganizationNotFound, PersonRequired, MemberNotFound, LastOwner.
    """
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    membership = policies.find_membership(user, organization)
    if membership is None:
        raise MemberNotFound
    end_membership(by=by, organization=organization, membership=membership, kind="membership.left")


def end_membership(*, by: Principal, organization: Organization, membership: Membership, kind: str) -> None:
    """Delete a membership with its API keys and free the seat. The calling code has locked the organization.

    If the member is a system user, deactivate its account, because it has no other membership. ``kind`` is the kind of
    the recorded event. Raises LastOwner.
    """
    require_other_owner(organization, membership)
    record(kind, by, membership, organization, user_id=membership.user_id)
    membership.delete()
    if not membership.user.is_person:
        User.objects.filter(pk=membership.user_id).update(is_active=False)
    seat_freed.send(Organization, organization=organization, by=by)


@transaction.atomic
def change_member_roles(
    *,
    by: Principal,
    organization_id: UUID,
    membership_id: UUID,
    role_id: RoleKey | None = None,
    permissions: frozenset[str] | None = None,
) -> Membership:
    """Change a member's organization role, direct permissions, or both. None leaves a value unchanged.

    Only an active person becomes an owner. Staff do not change their own membership. Raises OrganizationNotFound,
    PermissionMissing, MemberNotFound, OwnAccount, UnknownRole, UnknownPermission, GrantTooWide, OwnerIsNoPerson,
    OwnerIsInactive, LastOwner.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    require_other(by, membership.user)
    policies.require_authority_over(held, membership)
    grant = find_grant(
        organization,
        role_id=role_id or membership.organization_role.pk,
        permissions=frozenset(membership.permissions) if permissions is None else permissions,
    )
    policies.require_grantable(held, grant)
    _require_fit_to_own(membership.user, grant)
    if grant.role.pk == OWNER_ROLE and not can_own(membership):
        raise OwnerIsInactive
    if grant.role.pk != OWNER_ROLE:
        require_other_owner(organization, membership)
    change_organization_grant(by, organization, membership, grant)
    notify_member(Purpose.ROLE_CHANGED, by=by, organization=organization, user=membership.user)
    return find_member(organization, membership_id)


@transaction.atomic
def transfer_ownership(*, by: Principal, organization_id: UUID, membership_id: UUID) -> Membership:
    """Make another active person an owner. If the caller is a member, the caller becomes an admin.

    Raises OrganizationNotFound, PersonRequired, PermissionMissing, MemberNotFound, and Unprocessable if the member is
    the caller, a system user or inactive.
    """
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    policies.require(by, organization, OWN)
    successor = find_member(organization, membership_id)
    if not successor.user.is_person or not successor.user.is_active or successor.user_id == user.pk:
        raise Unprocessable("Ownership goes to another person.", fields={"member_id": ["Name another active person."]})
    former = policies.find_membership(user, organization)
    change_organization_grant(by, organization, successor, Grant(Role.objects.get(pk=OWNER_ROLE)))
    if former is not None:
        change_organization_grant(by, organization, former, Grant(Role.objects.get(pk=ADMIN_ROLE)))
    record("organization.ownership_transferred", by, organization, organization, user_id=successor.user_id)
    notify_about_new_owner(organization, successor.user, user)
    return find_member(organization, membership_id)


# Steps of several actions


def require_other_owner(organization: Organization, membership: Membership) -> None:
    """Raise LastOwner if this member is the only active owner. The calling code has locked the organization."""
    if owns_alone(organization, membership):
        raise LastOwner


def owns_alone(organization: Organization, membership: Membership) -> bool:
    """Return whether this member is an owner, active or not, and no other owner is active."""
    owners = RoleAssignment.objects.filter(
        membership__organization=organization, membership__user__is_active=True, role_id=OWNER_ROLE
    )
    return membership.organization_role.pk == OWNER_ROLE and not owners.exclude(membership=membership).exists()


def can_own(membership: Membership) -> bool:
    """Return whether the member is an active person, or an owner already."""
    is_owner = membership.organization_role.pk == OWNER_ROLE
    return is_owner or (membership.user.is_person and membership.user.is_active)


def _require_fit_to_own(user: User, grant: Grant) -> None:
    if grant.role.pk == OWNER_ROLE and not user.is_person:
        raise OwnerIsNoPerson


def change_organization_grant(by: Principal, organization: Organization, membership: Membership, grant: Grant) -> None:
    """Replace the organization role and direct permissions. Roles in units do not change."""
    before = {"role_id": membership.organization_role.pk, "permissions": membership.permissions}
    membership.assignments.filter(unit__isnull=True).update(role=grant.role)
    membership.permissions = sorted(grant.permissions)
    membership.save(update_fields=["permissions", "updated_at"])
    after = {"role_id": grant.role.pk, "permissions": membership.permissions}
    facts = grant_data(grant) | describe_changes(before, after, of=RoleAssignment)
    record("membership.roles_changed", by, membership, organization, user_id=membership.user_id, **facts)


def set_unit_role(*, by: Principal, organization: Organization, membership: Membership, grant: Grant) -> None:
    """Give the member the grant's role in its unit. It replaces the current role in that unit."""
    unit, role = grant.unit, grant.unit_role
    if unit is None or role is None:
        raise ValueError("The grant has no role in a unit.")
    former = membership.role_id_in(unit.pk)
    membership.assignments.update_or_create(unit=unit, defaults={"role": role})
    changed = describe_changes({"role_id": former}, {"role_id": role.pk}, of=RoleAssignment)
    record("membership.unit_role_assigned", by, membership, organization, unit_id=unit.pk, role_id=role.pk, **changed)
