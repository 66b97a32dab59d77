"""What can happen to an organization's own roles, its workspaces and applications, and the roles held there.

Same five steps as ``actions.py``.
"""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.errors import Conflict, Unprocessable
from orgs import policies
from orgs.actions.saving import apply_changes, record, save_checked
from orgs.locks import lock_organization
from orgs.lookups import RoleNotFound, UnknownPermission, find_role
from orgs.models import Organization, Role, RoleAssignment
from orgs.permissions import (
    BUILT_IN_ROLES,
    GRANTABLE_DIRECTLY,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_PERMISSIONS,
    Level,
    effective,
)


class RoleNameTaken(Conflict):
    """A built-in role or one of the organization's has this name."""

    message = "There is a role of this name."


class RoleBuiltIn(Conflict):
    """Every organization has it."""

    message = "A built-in role cannot be changed or deleted."


class RoleInUse(Conflict):
    """Members hold it, or an open invitation names it."""

    message = "This role is in use: name another role to take its place."


# Roles


@transaction.atomic
def create_role(*, by: Principal, organization_id: UUID, level: Level, name: str, permissions: frozenset[str]) -> Role:
    """Define a role of the organization's own, of permissions the caller holds.

    Raises RoleNameTaken, UnknownPermission, GrantTooWide.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    _require_role_form(level, name, permissions)
    policies.require_subset(effective(permissions) - held.organization)
    role = Role(organization=organization, level=level, name=name, permissions=sorted(permissions))
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
    _require_role_form(Level(role.level), name, after)
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
        heir = find_role(organization, reassign_to, Level(role.level), field="reassign_to")
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


def _require_role_form(level: Level, name: str | None, permissions: frozenset[str]) -> None:
    known = GRANTABLE_DIRECTLY if level == Level.ORGANIZATION else UNIT_PERMISSIONS
    if permissions - known:
        raise UnknownPermission(fields={"permissions": [f"Unknown: {', '.join(sorted(permissions - known))}."]})
    if name and name.casefold() in {built_in for _, built_in, _, _ in BUILT_IN_ROLES}:
        raise RoleNameTaken
