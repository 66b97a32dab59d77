"""Checks of what a caller may do and may grant. Only actions and the scoped querysets call them.

Granting has one rule: a caller can only grant permissions that the caller has. The rule applies when a caller sends,
edits or resends an invitation, changes roles, or creates an API key. When an invitee accepts an invitation, the rule is
applied to the inviter.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Exists, QuerySet, UUIDField, Value

from accounts.live_credentials import LiveCredential, live_credential, require_live_credential
from accounts.models import User
from accounts.principals import Method, Principal
from core.compiled_rows import CompiledRows, ShapedRows
from core.errors import Denied, Unauthenticated
from core.rows import only_row
from orgs.locks import OrganizationNotFound
from orgs.models import ApiKey, Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import ALL_PERMISSIONS, MANAGE_MEMBERS, NON_ADMINISTRATIVE, UNIT_MANAGE_MEMBERS, effective


class PermissionMissing(Denied):
    """The caller is a member, but lacks the permission."""

    message = "You lack the permission for this."


class GrantTooWide(Denied):
    """The caller would grant or remove permissions that the caller does not have."""

    message = "You can only grant or remove permissions that you have yourself."


class PersonRequired(Denied):
    """Only a signed-in person may do this, not a system user."""

    message = "Only a signed-in person can do this."


class GrantPart(StrEnum):
    """The parts of a grant. An invitation stores which of them it gave."""

    ROLE = "role"
    PERMISSIONS = "permissions"
    UNIT_ROLE = "unit_role"


@dataclass(frozen=True)
class Grant:
    """What a member or invitee gets: an organization role, direct permissions and, optionally, a role in one unit."""

    role: Role
    permissions: frozenset[str] = frozenset()
    unit: Unit | None = None
    unit_role: Role | None = None

    @property
    def parts(self) -> list[GrantPart]:
        """The parts that a new member gets."""
        given = {GrantPart.ROLE: True, GrantPart.PERMISSIONS: self.permissions, GrantPart.UNIT_ROLE: self.unit_role}
        return [part for part, content in given.items() if content]

    @property
    def in_organization(self) -> frozenset[str]:
        """The effective permissions in the organization."""
        return effective([*self.role.permissions, *self.permissions])

    @property
    def in_unit(self) -> frozenset[str]:
        """The effective permissions in the unit. Without a unit, this is empty."""
        return effective(self.unit_role.permissions) if self.unit_role else frozenset()


@dataclass(frozen=True)
class EffectivePermissions:
    """The permissions of a user in one organization and its units, including the implied permissions."""

    organization: frozenset[str]
    units: Mapping[UUID, frozenset[str]] = field(default_factory=dict)

    def permits(self, permission: str, unit_id: UUID | None = None) -> bool:
        """Return whether the permission is included, in the organization or in the unit."""
        return permission in self.in_unit(unit_id)

    @property
    def are_none(self) -> bool:
        """Whether there is no permission, in the organization and in all units."""
        return not self.organization and not any(self.units.values())

    def units_permitting(self, permission: str) -> frozenset[UUID]:
        """Return the ids of the units in which a unit role gives the permission."""
        return frozenset(unit_id for unit_id, permissions in self.units.items() if permission in permissions)

    def in_unit(self, unit_id: UUID | None) -> frozenset[str]:
        """Return the permissions that apply in one unit: the permissions in the organization and in the unit."""
        return self.organization | self.units.get(unit_id, frozenset()) if unit_id else self.organization

    def missing_for(self, grant: Grant) -> frozenset[str]:
        """Return the permissions of the grant that this object does not contain."""
        unit_id = grant.unit.pk if grant.unit else None
        return (grant.in_organization - self.organization) | (grant.in_unit - self.in_unit(unit_id))

    def missing_for_member(self, membership: Membership) -> frozenset[str]:
        """Return the member's permissions, in the organization or in a unit, that are not among these permissions."""
        target = member_permissions(membership)
        in_units = (permissions - self.in_unit(unit_id) for unit_id, permissions in target.units.items())
        return (target.organization - self.organization).union(*in_units)

    def limited_to(self, permissions: frozenset[str] | None) -> "EffectivePermissions":
        """Return the permissions that a credential with this limit may use. None means no limit."""
        if permissions is None:
            return self
        limit = effective(permissions)
        units = {unit_id: in_unit & limit for unit_id, in_unit in self.units.items()}
        return EffectivePermissions(self.organization & limit, units)


UNRESTRICTED = EffectivePermissions(ALL_PERMISSIONS)


def member_permissions(membership: Membership) -> EffectivePermissions:
    """Return the permissions of a member. Uses prefetched assignments if there are any."""
    return permissions_from_roles(membership, membership.assignments.all())


def permissions_from_roles(membership: Membership, assignments: Iterable[RoleAssignment]) -> EffectivePermissions:
    """Return the permissions of a member who has exactly these roles, in the organization and in its units."""
    held = {assignment.unit_id: assignment.role.permissions for assignment in assignments}
    units = {unit_id: effective(in_unit) for unit_id, in_unit in held.items() if unit_id}
    return EffectivePermissions(effective([*held[None], *membership.permissions]), units)


def additions(membership: Membership, grant: Grant) -> list[GrantPart]:
    """Return the parts of the grant that give the member something new.

    A role is new if the member has no role there, or if it has all permissions of the current role and more. Otherwise,
    the current role stays: nothing that a member accepts takes a permission away.
    """
    current = next((a.role for a in membership.unit_assignments if grant.unit and a.unit_id == grant.unit.pk), None)
    new = {
        GrantPart.ROLE: _is_wider(grant.role, membership.organization_role),
        GrantPart.PERMISSIONS: bool(grant.permissions - membership.effective_permissions),
        GrantPart.UNIT_ROLE: grant.unit_role is not None and (current is None or _is_wider(grant.unit_role, current)),
    }
    return [part for part, is_new in new.items() if is_new]


def _is_wider(role: Role, current: Role) -> bool:
    return effective(role.permissions) > effective(current.permissions)


def caller_permissions(by: Principal, organization: Organization) -> EffectivePermissions:
    """Return the caller's permissions with this credential.

    Raises OrganizationNotFound for a non-member, and Unauthenticated if the API key, the OAuth token or the session has
    ended since the request was authenticated. Actions call this after they have locked the organization, so a write
    does not run after the end of its credential. An organization from ``access.find_organization``, which is only for
    reading, carries the permissions. They are not read again.
    """
    if by.is_staff or by.is_service:
        return UNRESTRICTED
    reader_id, permissions = organization.permissions_of_reader
    if permissions and by.user and by.user.pk == reader_id:
        return permissions.limited_to(by.permissions)
    if by.user is None:
        raise OrganizationNotFound
    roles = list(with_live_credential(_ROLES.of(user=by.user.pk, organization=organization.pk), by))
    if not roles or by.organization_id not in (None, organization.pk):
        raise OrganizationNotFound
    if not roles[0].credential_is_live:
        raise Unauthenticated
    return permissions_from_roles(roles[0].membership, roles).limited_to(by.permissions)


def inviter_permissions(user: User | None, organization: Organization) -> EffectivePermissions | None:
    """Return the current permissions of an inviter, or None if the inviter is no longer an active member."""
    if user is None or not user.is_active:
        return None
    roles = list(_ROLES.of(user=user.pk, organization=organization.pk))
    return permissions_from_roles(roles[0].membership, roles) if roles else None


def _roles_of(user: Any, organization: Any) -> QuerySet[RoleAssignment]:
    """Return the roles of an active member in the organization and in its units, each with the membership.

    Every member has a role in the organization.
    """
    held = RoleAssignment.objects.filter(membership__user=user, membership__organization=organization)
    return held.filter(membership__user__is_active=True).select_related("membership", "role")


_ROLES = CompiledRows(_roles_of, user=UUIDField(), organization=UUIDField())


def with_live_credential(rows: ShapedRows, by: Principal) -> ShapedRows:
    """Annotate ``credential_is_live``: whether the caller's API key, OAuth token or session is still valid."""
    credential = _credential_of(by)
    if credential is None:
        return rows.then(_with_no_credential)
    return rows.then(_with_credential, credential.rows, **credential.parameters)


def _with_no_credential(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.annotate(credential_is_live=Value(True))


def _with_credential(
    rows: QuerySet[Any, Any], live: Callable[..., QuerySet[Any]], **credential: Any
) -> QuerySet[Any, Any]:
    return rows.annotate(credential_is_live=Exists(live(**credential)))


def _credential_of(by: Principal) -> LiveCredential | None:
    """Return how to find out whether the caller's API key, OAuth token or session is still valid."""
    if by.method == Method.API_KEY and by.credential_id:
        return LiveCredential(_live_keys, {"key_id": (UUIDField(), by.credential_id)})
    return live_credential(by)


def _live_keys(key_id: Any) -> QuerySet[ApiKey]:
    return ApiKey.objects.unexpired().filter(pk=key_id)


def find_membership(user: User | None, organization: Organization) -> Membership | None:
    """Return the active user's membership with its roles, or None. Takes two queries."""
    members = Membership.objects.with_people_and_roles()
    return only_row(members.filter(organization=organization, user=user, user__is_active=True))


def require(
    by: Principal, organization: Organization, permission: str, unit: Unit | None = None
) -> EffectivePermissions:
    """Require a permission in the organization or in the unit, and return all permissions of the caller.

    Raises OrganizationNotFound for a non-member and PermissionMissing for a member without the permission.
    """
    permissions = caller_permissions(by, organization)
    unit_id = unit.pk if unit else None
    if not permissions.permits(permission, unit_id):
        raise PermissionMissing(permission=permission)
    return permissions


def require_member_management(
    by: Principal, organization: Organization, unit: Unit | None = None
) -> EffectivePermissions:
    """Require the permission to manage members in the organization or in the unit. See ``require``."""
    permissions = caller_permissions(by, organization)
    require_managing(permissions, unit)
    return permissions


def require_managing(permissions: EffectivePermissions, unit: Unit | None) -> None:
    """Raise PermissionMissing unless these permissions suffice to manage members in the organization or the unit."""
    if not permissions.permits(MANAGE_MEMBERS) and not (unit and permissions.permits(UNIT_MANAGE_MEMBERS, unit.pk)):
        raise PermissionMissing(permission=MANAGE_MEMBERS)


def require_any_member_management(by: Principal, organization: Organization) -> EffectivePermissions:
    """Require the permission to manage members in the organization or in any of its units. See ``require``."""
    permissions = caller_permissions(by, organization)
    if permissions.permits(MANAGE_MEMBERS) or permissions.units_permitting(UNIT_MANAGE_MEMBERS):
        return permissions
    raise PermissionMissing(permission=MANAGE_MEMBERS)


def require_grantable(permissions: EffectivePermissions, grant: Grant) -> None:
    """Raise GrantTooWide with the missing permissions if the grant is not a subset of these permissions."""
    require_subset(permissions.missing_for(grant))


def require_subset(missing: Iterable[str]) -> None:
    """Raise GrantTooWide if ``missing`` contains any permission."""
    missing = sorted(missing)
    if missing:
        raise GrantTooWide(missing_permissions=missing)


def require_authority_over(permissions: EffectivePermissions, membership: Membership) -> None:
    """Raise GrantTooWide unless these permissions include all that the member has.

    This prevents members from changing the roles, keys and clients of members with more permissions.
    """
    require_subset(permissions.missing_for_member(membership))


def require_can_remove(permissions: EffectivePermissions, membership: Membership) -> None:
    """Raise GrantTooWide unless these permissions include the member's administrative permissions.

    A manager of members can remove an editor without having an editor's permissions, but cannot remove an admin.
    """
    require_subset(permissions.missing_for_member(membership) - NON_ADMINISTRATIVE)


def require_can_withdraw(permissions: EffectivePermissions, grant: Grant) -> None:
    """Raise GrantTooWide unless these permissions include the administrative permissions of the offered grant.

    This is the rule of ``require_can_remove`` for people who are not members yet. Managers of a unit cannot remove
    members of the organization, so they need all permissions that the grant gives in the organization.
    """
    missing = permissions.missing_for(grant) - NON_ADMINISTRATIVE
    if not permissions.permits(MANAGE_MEMBERS):
        missing |= grant.in_organization - permissions.organization
    require_subset(missing)


def require_person(by: Principal) -> User:
    """Return the caller's user.

    Raises PersonRequired for system users, and Unauthenticated if the token or the session has ended.
    """
    user = require_human(by)
    require_live_credential(by)
    return user


def require_human(by: Principal) -> User:
    """Return the caller's user like ``require_person``, but let the calling code check whether the credential is live.

    Raises PersonRequired for system users.
    """
    if not by.is_person or by.user is None:
        raise PersonRequired
    return by.user


def require_staff(by: Principal) -> None:
    """Raise PermissionMissing unless the caller is staff in the admin or the service itself."""
    if not (by.is_staff or by.is_service):
        raise PermissionMissing("Only staff can do this.")
