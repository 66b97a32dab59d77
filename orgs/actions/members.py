"""What can happen to the members of an organization."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict, Denied, Unprocessable
from orgs import policies
from orgs.actions.saving import record, save_checked
from orgs.locks import lock_active_account, lock_organization
from orgs.lookups import MemberNotFound, find_grant, find_member, grant_data
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import ADMIN_ROLE, OWN, OWNER_ROLE
from orgs.policies import Grant
from orgs.seats import require_seat
from orgs.signals import seat_freed


class LastOwner(Conflict):
    """The only owner cannot go, or stop being one."""

    message = "An organization needs an owner: transfer the ownership first."


class OwnerIsNoPerson(Unprocessable):
    """Programs own nothing: somebody must be able to answer for the organization."""

    message = "Only a person can own an organization."


class AlreadyMember(Conflict):
    """The person belongs already."""

    message = "This person is already a member."


class InvitationRequired(Denied):
    """People join by their own consent."""

    message = "A person joins by accepting an invitation."


# Members


def add_membership(*, by: Principal, organization: Organization, user: User, grant: Grant) -> Membership:
    """Make the user a member with this grant; the caller holds the lock and has checked who may grant it.

    Raises AccountEnded, OwnerIsNoPerson and AlreadyMember.
    """
    lock_active_account(user.pk)
    _require_fit_to_own(user, grant)
    membership = Membership(organization=organization, user=user, permissions=sorted(grant.permissions))
    save_checked(membership, conflict=AlreadyMember)
    membership.assignments.create(role=grant.role)
    if grant.unit and grant.unit_role:
        membership.assignments.create(role=grant.unit_role, unit=grant.unit)
    record("membership.created", by, membership, organization, user_id=user.pk, **grant_data(grant))
    return membership


@transaction.atomic
def add_member(
    *,
    by: Principal,
    organization_id: UUID,
    user: User,
    role_id: UUID,
    permissions: frozenset[str] = frozenset(),
) -> Membership:
    """Make a user a member without asking: staff may do so to people, members only to new system users.

    Raises InvitationRequired, AlreadyMember (of a system user that belongs anywhere), GrantTooWide, NoSeatLeft.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
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
    """End a membership. Nobody removes somebody with a power they lack; the last owner stays."""
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    policies.require_can_remove(held, membership)
    end_membership(by=by, organization=organization, membership=membership, kind="membership.removed")


@transaction.atomic
def leave_organization(*, by: Principal, organization_id: UUID) -> None:
    """End the caller's own membership; a person needs nobody's permission to go. The last owner stays."""
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    membership = policies.find_membership(user, organization)
    if membership is None:
        raise MemberNotFound
    end_membership(by=by, organization=organization, membership=membership, kind="membership.left")


def end_membership(*, by: Principal, organization: Organization, membership: Membership, kind: str) -> None:
    """Delete a membership with its keys and give its seat away; the caller holds the lock.

    A system user belongs nowhere else, so its account ends with it.
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
    role_id: UUID | None = None,
    permissions: frozenset[str] | None = None,
) -> Membership:
    """Give a member another organization role, other direct permissions, or both; None leaves it as it is."""
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    policies.require_authority_over(held, membership)
    grant = find_grant(
        organization,
        role_id=role_id or membership.organization_role.pk,
        permissions=frozenset(membership.permissions) if permissions is None else permissions,
    )
    policies.require_grantable(held, grant)
    _require_fit_to_own(membership.user, grant)
    if grant.role.pk != OWNER_ROLE:
        require_other_owner(organization, membership)
    set_organization_grant(membership, grant)
    record("membership.roles_changed", by, membership, organization, user_id=membership.user_id, **grant_data(grant))
    return find_member(organization, membership_id)


@transaction.atomic
def transfer_ownership(*, by: Principal, organization_id: UUID, membership_id: UUID) -> Membership:
    """Make another active person the owner in the caller's place, who stays as an admin."""
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    policies.require(by, organization, OWN)
    heir = find_member(organization, membership_id)
    if not heir.user.is_person or not heir.user.is_active or heir.user_id == user.pk:
        raise Unprocessable("Ownership goes to another person.", fields={"member_id": ["Name another active person."]})
    former = policies.find_membership(user, organization)
    set_organization_grant(heir, Grant(Role.objects.get(pk=OWNER_ROLE)))
    if former is not None:
        set_organization_grant(former, Grant(Role.objects.get(pk=ADMIN_ROLE)))
    record("organization.ownership_transferred", by, organization, organization, user_id=heir.user_id)
    return find_member(organization, membership_id)


# What these actions share


def require_other_owner(organization: Organization, membership: Membership) -> None:
    """Raise LastOwner when this member is the only active owner; needs the lock."""
    owners = RoleAssignment.objects.filter(
        membership__organization=organization, membership__user__is_active=True, role_id=OWNER_ROLE
    )
    if membership.organization_role.pk == OWNER_ROLE and not owners.exclude(membership=membership).exists():
        raise LastOwner


def _require_fit_to_own(user: User, grant: Grant) -> None:
    if grant.role.pk == OWNER_ROLE and not user.is_person:
        raise OwnerIsNoPerson


def set_organization_grant(membership: Membership, grant: Grant) -> None:
    """Replace the organization role and direct permissions; unit roles stay."""
    membership.assignments.filter(unit__isnull=True).update(role=grant.role)
    membership.permissions = sorted(grant.permissions)
    membership.save(update_fields=["permissions", "updated_at"])
