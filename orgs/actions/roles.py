"""Actions on an organization's own roles. ``organizations`` lists the five steps of an action."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from core.errors import Conflict, Unprocessable
from events.models import Event
from orgs import policies
from orgs.actions.affected_members import reassign_members
from orgs.actions.saving import apply_changes, record, save_checked
from orgs.folded_names import fold_name
from orgs.limits import TooManyRoles, require_below
from orgs.locks import lock_organization
from orgs.lookups import RoleKey, RoleName, RoleNotFound, UnknownPermission, find_role
from orgs.models import Organization, Role
from orgs.permissions import (
    BUILT_IN_ROLES,
    GRANTABLE_DIRECTLY,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_PERMISSIONS,
    Level,
    effective,
)
from orgs.signals import role_deleting


class RoleNameTaken(Conflict):
    """A built-in role or another role of the organization has this name, perhaps in another letter case."""

    message = "There is a role of this name."


class RoleBuiltIn(Conflict):
    """Built-in roles cannot be changed, because all organizations share them."""

    message = "A built-in role cannot be changed or deleted."


class RoleInUse(Conflict):
    """A member has the role, a pending or processing invitation grants it, or it is the organization's default."""

    message = "This role is in use: name another role to take its place."


@transaction.atomic
def create_role(*, by: Principal, organization_id: UUID, level: Level, name: str, permissions: frozenset[str]) -> Role:
    """Create a custom role. It can only have permissions that the caller has.

    Raises OrganizationNotFound, PermissionMissing, RoleNameTaken, UnknownPermission, GrantTooWide, TooManyRoles.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    _require_role_form(level, name, permissions)
    policies.require_subset(effective(permissions) - held.organization)
    require_below(settings.ROLES_PER_ORGANIZATION, organization.roles.all(), TooManyRoles)
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
    """Rename a custom role, or change its permissions for all its members. None leaves a value unchanged.

    The caller must have the old and the new permissions of the role. Raises OrganizationNotFound, PermissionMissing,
    RoleNotFound, RoleBuiltIn, RoleNameTaken, UnknownPermission, GrantTooWide.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    role = _find_own_role(organization, role_id)
    before = frozenset(role.permissions)
    after = before if permissions is None else permissions
    _require_role_form(Level(role.level), name, after)
    policies.require_subset(effective(before | after) - held.organization)
    values = {"name": role.name if name is None else name, "permissions": sorted(after)}
    changed = apply_changes(role, values, conflict=RoleNameTaken)
    record("role.updated", by, role, organization, permissions=role.permissions, **changed)
    return role


@transaction.atomic
def delete_role(*, by: Principal, organization_id: UUID, role_id: UUID, reassign_to: RoleKey | None = None) -> None:
    """Delete a custom role. Its members and invitations get ``reassign_to``, which also becomes the default role.

    The caller must have the permissions of both roles. Raises OrganizationNotFound, PermissionMissing, RoleNotFound,
    RoleBuiltIn, GrantTooWide, UnknownRole for ``reassign_to``, and Unprocessable if ``reassign_to`` is the owner role.
    Raises RoleInUse if ``reassign_to`` is the deleted role, or if there is no ``reassign_to`` and the role is in use.
    The events about the members come before the one about the role.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require(by, organization, MANAGE_MEMBERS)
    role = _find_own_role(organization, role_id)
    policies.require_subset(effective(role.permissions) - held.organization)
    successor = _find_successor(held, organization, role, reassign_to) if reassign_to else None
    role_deleting.send(Role, organization=organization, role=role, successor=successor)
    if successor is None and _is_in_use(organization, role):
        raise RoleInUse
    with Event.objects.together():
        untold = _put_in_place(by, organization, role, successor) if successor else {}
        record("role.deleted", by, role, organization, reassigned_to=successor.pk if successor else None, **untold)
    role.delete()


def _put_in_place(by: Principal, organization: Organization, role: Role, successor: Role) -> dict[str, int]:
    if organization.default_role_id == role.pk:
        changed = apply_changes(organization, {"default_role": successor})
        record("organization.updated", by, organization, organization, default_role_id=successor.pk, **changed)
    return reassign_members(by, organization, role, successor)


def _is_in_use(organization: Organization, role: Role) -> bool:
    is_granted = role.assignments.exists() or organization.invitations.unanswered().naming_role(role).exists()
    return is_granted or organization.default_role_id == role.pk


def _find_successor(
    held: policies.EffectivePermissions, organization: Organization, role: Role, reassign_to: RoleKey
) -> Role:
    field = "reassign_to_role" if isinstance(reassign_to, RoleName) else "reassign_to"
    successor = find_role(organization, reassign_to, Level(role.level), field=field)
    policies.require_subset(effective(successor.permissions) - held.organization)
    if successor == role:
        raise RoleInUse
    if successor.pk == OWNER_ROLE:
        raise Unprocessable(fields={field: ["Ownership is given to one person at a time."]})
    return successor


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
    if name and fold_name(name) in {built_in for _, built_in, _, _ in BUILT_IN_ROLES}:
        raise RoleNameTaken
