"""What can happen to an organization's own roles, its workspaces and applications, and the roles held there.

Same five steps as ``actions.py``.
"""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from orgs import policies
from orgs.models import Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import (
    ADMIN,
    BUILT_IN_ROLES,
    CREATE_PROJECTS,
    GRANTABLE_DIRECTLY,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_ADMIN,
    UNIT_PERMISSIONS,
    effective,
)
from orgs.policies import Grant
from orgs.references import MemberNotFound, RoleNotFound, UnknownPermission, find_member, find_role, find_unit
from orgs.tenancy import lock_organization
from orgs.writing import apply_changes, record, require_names, save_checked, save_new
from perfectworks.errors import Conflict, Unprocessable


class RoleNameTaken(Conflict):
    """A built-in role or one of the organization's has this name."""

    message = "There is a role of this name."


class RoleBuiltIn(Conflict):
    """Every organization has it."""

    message = "A built-in role cannot be changed or deleted."


class RoleInUse(Conflict):
    """Members hold it, or an open invitation names it."""

    message = "This role is in use: name another role to take its place."


class UnitInUse(Conflict):
    """An open invitation leads there."""

    message = "An open invitation names this: cancel it first."


# Roles


@transaction.atomic
def create_role(
    *, by: Principal, organization_id: UUID, scope: Role.Scope, name: str, permissions: frozenset[str]
) -> Role:
    """Define a role of the organization's own, of permissions the caller holds.

    Raises RoleNameTaken, UnknownPermission, GrantTooWide.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    _require_role_form(scope, name, permissions)
    policies.require_subset(effective(permissions) - held.organization)
    role = Role(organization=organization, scope=scope, name=name, permissions=sorted(permissions))
    save_checked(role, conflict=RoleNameTaken)
    record("role.created", by, role, organization, permissions=role.permissions)
    return role


@transaction.atomic
def update_role(
    *,
    by: Principal,
    organization_id: UUID,
    role_id: UUID,
    name: str | None = None,
    permissions: frozenset[str] | None = None,
) -> Role:
    """Rename an own role or change what it permits, for everybody who holds it; None leaves it as it is.

    The caller must hold what the role permits before and after.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    role = _find_own_role(organization, role_id)
    before = frozenset(role.permissions)
    after = before if permissions is None else permissions
    _require_role_form(Role.Scope(role.scope), name, after)
    policies.require_subset(effective(before | after) - held.organization)
    apply_changes(
        role, {"name": role.name if name is None else name, "permissions": sorted(after)}, conflict=RoleNameTaken
    )
    record("role.updated", by, role, organization, permissions=role.permissions)
    return role


@transaction.atomic
def delete_role(*, by: Principal, organization_id: UUID, role_id: UUID, reassign_to: UUID | None = None) -> None:
    """Delete an own role. While members hold it or open invitations name it, ``reassign_to`` must name its heir."""
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    role = _find_own_role(organization, role_id)
    policies.require_subset(effective(role.permissions) - held.organization)
    organization.invitations.mark_expired()
    if reassign_to:
        heir = find_role(organization, reassign_to, Role.Scope(role.scope), field="reassign_to")
        policies.require_subset(effective(heir.permissions) - held.organization)
        _reassign(organization, role, heir)
    elif role.assignments.exists() or organization.invitations.unanswered().naming_role(role).exists():
        raise RoleInUse
    record("role.deleted", by, role, organization, reassigned_to=reassign_to)
    role.delete()


def _reassign(organization: Organization, role: Role, heir: Role) -> None:
    if heir == role:
        raise RoleInUse
    if heir.pk == OWNER_ROLE:
        raise Unprocessable(fields={"reassign_to": ["Ownership is given to one person at a time."]})
    RoleAssignment.objects.filter(role=role).update(role=heir)
    organization.invitations.unanswered().replace_role(role, heir)


def _find_own_role(organization: Organization, role_id: UUID) -> Role:
    role = Role.objects.usable_in(organization.pk).filter(pk=role_id).first()
    if role is None:
        raise RoleNotFound
    if role.is_built_in:
        raise RoleBuiltIn
    return role


def _require_role_form(scope: Role.Scope, name: str | None, permissions: frozenset[str]) -> None:
    known = GRANTABLE_DIRECTLY if scope == Role.Scope.ORGANIZATION else UNIT_PERMISSIONS
    if permissions - known:
        raise UnknownPermission(fields={"permissions": [f"Unknown: {', '.join(sorted(permissions - known))}."]})
    if name and name.casefold() in {built_in for _, built_in, _, _ in BUILT_IN_ROLES}:
        raise RoleNameTaken


# Workspaces and applications


@transaction.atomic
def create_unit(
    *, by: Principal, organization_id: UUID, kind: Unit.Kind, name: str, slug: str = "", picture_url: str = ""
) -> Unit:
    """Add a workspace or an application; without a slug it gets one from its name. Raises SlugTaken."""
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, CREATE_PROJECTS)
    unit = Unit(organization=organization, kind=kind, name=name, slug=slug, picture_url=picture_url)
    save_new(unit)
    record("unit.created", by, unit, organization, unit_kind=kind)
    return unit


@transaction.atomic
def update_unit(
    *, by: Principal, organization_id: UUID, unit_id: UUID, kind: Unit.Kind | None = None, **changes: str
) -> Unit:
    """Change ``name``, ``slug`` or ``picture_url``; the organization's admins and the unit's own may."""
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    policies.require(by, organization, UNIT_ADMIN, unit)
    require_names(changes, {"name", "slug", "picture_url"})
    apply_changes(unit, changes)
    record("unit.updated", by, unit, organization, changed=sorted(changes))
    return unit


@transaction.atomic
def delete_unit(*, by: Principal, organization_id: UUID, unit_id: UUID, kind: Unit.Kind | None = None) -> None:
    """Delete a workspace or application with the roles held there; refused while an open invitation leads there."""
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    policies.require(by, organization, ADMIN)
    organization.invitations.mark_expired()
    if organization.invitations.unanswered().filter(unit=unit).exists():
        raise UnitInUse
    record("unit.deleted", by, unit, organization, unit_kind=unit.kind)
    unit.delete()


# … and who has a role there


@transaction.atomic
def assign_unit_role(
    *,
    by: Principal,
    organization_id: UUID,
    unit_id: UUID,
    membership_id: UUID,
    role_id: UUID,
    kind: Unit.Kind | None = None,
) -> Membership:
    """Make a member a collaborator of a workspace or application, or change the role they hold there."""
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    held = policies.require_member_management(by, organization, unit)
    membership = find_member(organization, membership_id)
    _require_authority_in_unit(held, membership, unit)
    role = find_role(organization, role_id, Role.Scope.UNIT)
    policies.require_subset(Grant(role, unit=unit, unit_role=role).in_unit - held.in_unit(unit.pk))
    membership.assignments.update_or_create(unit=unit, defaults={"role": role})
    record("membership.unit_role_assigned", by, membership, organization, unit_id=unit.pk, role_id=role.pk)
    return find_member(organization, membership_id)


@transaction.atomic
def remove_unit_role(
    *, by: Principal, organization_id: UUID, unit_id: UUID, membership_id: UUID, kind: Unit.Kind | None = None
) -> None:
    """End a member's role in a workspace or application; the membership stays."""
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    held = policies.require_member_management(by, organization, unit)
    membership = find_member(organization, membership_id)
    _require_authority_in_unit(held, membership, unit)
    deleted, _ = membership.assignments.filter(unit=unit).delete()
    if not deleted:
        raise MemberNotFound("This member has no role there.")
    record("membership.unit_role_removed", by, membership, organization, unit_id=unit.pk)


def _require_authority_in_unit(held: policies.Holdings, membership: Membership, unit: Unit) -> None:
    theirs = policies.holdings_of(membership).units.get(unit.pk, frozenset())
    policies.require_subset(theirs - held.in_unit(unit.pk))
