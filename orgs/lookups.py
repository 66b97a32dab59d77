"""Find the objects for the ids in a request. An id from another organization counts as unknown."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, UUIDField

from core.compiled import CompiledQuery
from core.errors import NotFound, Unprocessable
from orgs.folded_names import fold_name
from orgs.models import Membership, Organization, Role, RoleQuerySet, Unit
from orgs.permissions import GRANTABLE_DIRECTLY, OWNER_ROLE, UNASSIGNED_ROLE, Level
from orgs.policies import Grant


class MemberNotFound(NotFound):
    """The organization has no such member."""

    message = "There is no such member."


class UnitNotFound(NotFound):
    """The organization has no such workspace or application."""

    message = "There is no such workspace or application."


class RoleNotFound(NotFound):
    """The path contains the id of a role that the organization does not have."""

    message = "There is no such role."


class UnknownRole(Unprocessable):
    """The body contains a role that the organization cannot use, or a role of the wrong level."""

    message = "This organization has no such role."


class UnknownUnit(Unprocessable):
    """The body contains a workspace or application that the organization does not have."""

    message = "This organization has no such workspace or application."


class UnknownPermission(Unprocessable):
    """The permission does not exist or cannot be granted directly."""

    message = "There is no such permission to grant."


class RoleName(str):
    """The name of a role, in any letter case. Names are unique in an organization and level (``Role``)."""


RoleKey = UUID | RoleName  # what actions accept as ``role_id``, because APIs take roles by id and by name


def find_member(organization: Organization, membership_id: UUID) -> Membership:
    """Return a member of the organization with user, address and roles loaded. Raises MemberNotFound."""
    members = Membership.objects.with_people_and_roles().with_shown_email().filter(organization=organization)
    membership = members.filter(pk=membership_id).first()
    if membership is None:
        raise MemberNotFound
    return membership


def _usable_roles(organization_id: Any, **role_is: Any) -> RoleQuerySet:
    return Role.objects.usable_in(organization_id).filter(**role_is)


ROLE_BY_ID = CompiledQuery(_usable_roles, organization_id=UUIDField(), level=CharField(), pk=UUIDField())
ROLE_BY_NAME = CompiledQuery(_usable_roles, organization_id=UUIDField(), level=CharField(), folded_name=CharField())


def find_role(organization: Organization, key: RoleKey, level: Level, *, field: str = "role_id") -> Role:
    """Return a role of this level that the organization can use. Raises UnknownRole with the name of the field.

    ``field`` is the name of the field for ids. The field for names has the same name without ``_id``.
    """
    role: Role | None
    if isinstance(key, RoleName):
        role = ROLE_BY_NAME.first(organization_id=organization.pk, level=level, folded_name=fold_name(key))
    else:
        role = ROLE_BY_ID.first(organization_id=organization.pk, level=level, pk=key)
    if role is None:
        raise UnknownRole(fields={_field_of(key, field): ["Unknown role."]})
    return role


def _field_of(key: RoleKey | None, field: str) -> str:
    """Return the name of the field that the key came from. ``field`` is the one for ids."""
    return field.removesuffix("_id") if isinstance(key, RoleName) else field


def find_default_role(organization: Organization, key: RoleKey | None) -> Role | None:
    """Return the role for ``Organization.default_role``. None means no default.

    Raises UnknownRole, and Unprocessable for the owner role.
    """
    if key is None:
        return None
    role = find_role(organization, key, Level.ORGANIZATION, field="default_role_id")
    if role.pk == OWNER_ROLE:
        raise Unprocessable(fields={_field_of(key, "default_role_id"): ["Ownership is given to one person at a time."]})
    return role


def find_unit(organization: Organization, unit_id: UUID, kind: Unit.Kind | None = None) -> Unit:
    """Return a unit of the organization. If ``kind`` is given, the unit must be of that kind. Raises UnitNotFound."""
    units = Unit.objects.filter(organization=organization, pk=unit_id)
    unit = (units.filter(kind=kind) if kind else units).first()
    if unit is None:
        raise UnitNotFound
    return unit


def find_grant(
    organization: Organization,
    *,
    role_id: RoleKey | None = None,
    permissions: frozenset[str] = frozenset(),
    unit_id: UUID | None = None,
    unit_kind: Unit.Kind | None = None,
    unit_role_id: RoleKey | None = None,
) -> Grant:
    """Return the grant for these keys and permission names. Units and roles must belong to this organization.

    The default role is ``unassigned``. ``unit_kind`` is the required kind of the unit. None allows both kinds.
    Raises UnknownRole, UnknownUnit, UnknownPermission, and Unprocessable if only one of unit and unit role is given.
    """
    unknown = permissions - GRANTABLE_DIRECTLY
    if unknown:
        raise UnknownPermission(fields={"permissions": [f"Unknown: {', '.join(sorted(unknown))}."]})
    if bool(unit_id) != bool(unit_role_id):
        field = _field_of(unit_role_id, "unit_role_id")
        raise Unprocessable(fields={field: ["Give both a unit and a role in it, or neither."]})
    return Grant(
        role=find_role(organization, role_id or UNASSIGNED_ROLE, Level.ORGANIZATION),
        permissions=permissions,
        unit=_find_named_unit(organization, unit_id, unit_kind) if unit_id else None,
        unit_role=find_role(organization, unit_role_id, Level.UNIT, field="unit_role_id") if unit_role_id else None,
    )


def is_usable(organization: Organization, grant: Grant) -> bool:
    """Return whether ``find_grant`` would find the parts of this grant. They are loaded, so this runs no query."""
    roles = {Level.ORGANIZATION: grant.role, Level.UNIT: grant.unit_role}
    return (
        all(role.level == level and _owns(organization, role) for level, role in roles.items() if role)
        and (grant.unit is None or grant.unit.organization_id == organization.pk)
        and grant.permissions <= GRANTABLE_DIRECTLY
    )


def _owns(organization: Organization, role: Role) -> bool:
    return role.is_built_in or role.organization_id == organization.pk


def _find_named_unit(organization: Organization, unit_id: UUID, kind: Unit.Kind | None) -> Unit:
    """Return a unit from a body. Raises UnknownUnit (422). For a unit in the path, UnitNotFound (404) is used."""
    try:
        return find_unit(organization, unit_id, kind)
    except UnitNotFound as error:
        raise UnknownUnit(fields={"unit_id": ["Unknown workspace or application."]}) from error


def grant_data(grant: Grant) -> dict[str, object]:
    """Return the ids and permission names of a grant as event data."""
    return {
        "role_id": grant.role.pk,
        "permissions": sorted(grant.permissions),
        "unit_id": grant.unit.pk if grant.unit else None,
        "unit_role_id": grant.unit_role.pk if grant.unit_role else None,
    }
