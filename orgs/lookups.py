"""Every id a request names, looked up inside its parent: a foreign one is an unknown one."""

from uuid import UUID

from core.errors import NotFound, Unprocessable
from orgs.models import Membership, Organization, Role, Unit
from orgs.permissions import GRANTABLE_DIRECTLY, UNASSIGNED_ROLE, Level
from orgs.policies import Grant


class MemberNotFound(NotFound):
    """No such member in this organization."""

    message = "There is no such member."


class UnitNotFound(NotFound):
    """No such workspace or application in this organization."""

    message = "There is no such workspace or application."


class RoleNotFound(NotFound):
    """No such role at this address."""

    message = "There is no such role."


class UnknownRole(Unprocessable):
    """A request names a role that is not usable here, or one of the other level."""

    message = "This organization has no such role."


class UnknownUnit(Unprocessable):
    """A request names a workspace or application that is not this organization's."""

    message = "This organization has no such workspace or application."


class UnknownPermission(Unprocessable):
    """A name that is no permission, or none that can be given this way."""

    message = "There is no such permission to grant."


def find_member(organization: Organization, membership_id: UUID) -> Membership:
    """The organization's member with people and roles loaded; raises MemberNotFound."""
    members = Membership.objects.with_people_and_roles().filter(organization=organization)
    membership = members.filter(pk=membership_id).first()
    if membership is None:
        raise MemberNotFound
    return membership


def find_role(organization: Organization, role_id: UUID, level: Level, *, field: str = "role_id") -> Role:
    """A role usable in the organization, of this level; raises UnknownRole about the field that named it."""
    role = Role.objects.usable_in(organization.pk).filter(pk=role_id, level=level).first()
    if role is None:
        raise UnknownRole(fields={field: ["Unknown role."]})
    return role


def find_unit(organization: Organization, unit_id: UUID, kind: Unit.Kind | None = None) -> Unit:
    """The organization's workspace or application, of this kind if one is given; raises UnitNotFound."""
    units = Unit.objects.filter(organization=organization, pk=unit_id)
    unit = (units.filter(kind=kind) if kind else units).first()
    if unit is None:
        raise UnitNotFound
    return unit


def find_grant(
    organization: Organization,
    *,
    role_id: UUID | None = None,
    permissions: frozenset[str] = frozenset(),
    unit_id: UUID | None = None,
    unit_kind: Unit.Kind | None = None,
    unit_role_id: UUID | None = None,
) -> Grant:
    """The grant that these ids and names mean in this organization.

    Without a role it is ``unassigned``; a unit is of the kind, if one is given. Whatever is named must belong here.
    Raises UnknownRole, UnknownUnit, UnknownPermission, and Unprocessable when only one of unit and unit role is given.
    """
    unknown = permissions - GRANTABLE_DIRECTLY
    if unknown:
        raise UnknownPermission(fields={"permissions": [f"Unknown: {', '.join(sorted(unknown))}."]})
    if bool(unit_id) != bool(unit_role_id):
        raise Unprocessable(fields={"unit_role_id": ["A unit and a role in it go together."]})
    return Grant(
        role=find_role(organization, role_id or UNASSIGNED_ROLE, Level.ORGANIZATION),
        permissions=permissions,
        unit=_find_named_unit(organization, unit_id, unit_kind) if unit_id else None,
        unit_role=find_role(organization, unit_role_id, Level.UNIT, field="unit_role_id") if unit_role_id else None,
    )


def _find_named_unit(organization: Organization, unit_id: UUID, kind: Unit.Kind | None) -> Unit:
    """What a body names and is not there is a fault of the body, where an address would not be found."""
    try:
        return find_unit(organization, unit_id, kind)
    except UnitNotFound as error:
        raise UnknownUnit(fields={"unit_id": ["Unknown workspace or application."]}) from error


def describe(grant: Grant) -> dict[str, object]:
    """The grant as ids and permission names, for events."""
    return {
        "role_id": grant.role.pk,
        "permissions": sorted(grant.permissions),
        "unit_id": grant.unit.pk if grant.unit else None,
        "unit_role_id": grant.unit_role.pk if grant.unit_role else None,
    }
