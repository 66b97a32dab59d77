"""May this caller do that? May it grant that? Asked inside actions, and nowhere else.

The one rule for granting: what a caller gives is a subset of what the caller holds. It is the same for inviting,
editing or resending an invitation, accepting one (asked of the inviter then), changing roles, and making keys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import User
from accounts.principals import Principal
from core.errors import Denied
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization, Role, Unit
from orgs.permissions import ALL_PERMISSIONS, EVERYDAY, MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS, effective


class PermissionMissing(Denied):
    """The caller belongs here and lacks the permission."""

    message = "You lack the permission for this."


class GrantTooWide(Denied):
    """The caller would give, or take, more than it holds."""

    message = "You can only grant or take away what you hold yourself."


class PersonRequired(Denied):
    """Only a signed-in person may do this, not a program."""

    message = "Only a signed-in person can do this."


@dataclass(frozen=True)
class Grant:
    """What somebody is to get: an organization role, direct permissions, and perhaps a role in one unit."""

    role: Role
    permissions: frozenset[str] = frozenset()
    unit: Unit | None = None
    unit_role: Role | None = None

    @property
    def in_organization(self) -> frozenset[str]:
        """The effective permissions in the organization."""
        return effective([*self.role.permissions, *self.permissions])

    @property
    def in_unit(self) -> frozenset[str]:
        """The effective permissions in the unit; empty without one."""
        return effective(self.unit_role.permissions) if self.unit_role else frozenset()


@dataclass(frozen=True)
class Holdings:
    """What somebody holds in one organization, implied permissions included."""

    organization: frozenset[str]
    units: Mapping[UUID, frozenset[str]] = field(default_factory=dict)

    def permits(self, permission: str, unit_id: UUID | None = None) -> bool:
        """Whether the permission is held, in the organization or in that unit."""
        return permission in self.in_unit(unit_id)

    def units_permitting(self, permission: str) -> frozenset[UUID]:
        """The units in which a role held there gives the permission."""
        return frozenset(unit_id for unit_id, held in self.units.items() if permission in held)

    def in_unit(self, unit_id: UUID | None) -> frozenset[str]:
        """What counts inside one unit: the organization's rights and the unit's."""
        return self.organization | self.units.get(unit_id, frozenset()) if unit_id else self.organization

    def missing_for(self, grant: Grant) -> frozenset[str]:
        """The permissions of the grant that are not held."""
        unit_id = grant.unit.pk if grant.unit else None
        return (grant.in_organization - self.organization) | (grant.in_unit - self.in_unit(unit_id))

    def capped(self, permissions: frozenset[str] | None) -> "Holdings":
        """Return the part of this that a credential with these permissions may use; all of it for None."""
        if permissions is None:
            return self
        cap = effective(permissions)
        return Holdings(self.organization & cap, {unit: held & cap for unit, held in self.units.items()})


EVERYTHING = Holdings(ALL_PERMISSIONS)


def holdings_of(membership: Membership) -> Holdings:
    """What a member holds; uses prefetched assignments where there are any."""
    units = {a.unit_id: effective(a.role.permissions) for a in membership.assignments.all() if a.unit_id}
    return Holdings(membership.effective_permissions, units)


def holdings(by: Principal, organization: Organization) -> Holdings:
    """What the caller holds here through its credential; raises OrganizationNotFound for an outsider."""
    if by.is_staff or by.is_service:
        return EVERYTHING
    membership = find_membership(by.user, organization)
    if membership is None or by.organization_id not in (None, organization.pk):
        raise OrganizationNotFound
    return holdings_of(membership).capped(by.permissions)


def holdings_to_vouch(user: User | None, organization: Organization) -> Holdings | None:
    """What an inviter can still stand for, as they are now; None when they are gone."""
    if user is None or not user.is_active:
        return None
    if user.is_staff:
        return EVERYTHING
    membership = find_membership(user, organization)
    return holdings_of(membership) if membership else None


def find_membership(user: User | None, organization: Organization) -> Membership | None:
    """The user's membership with its roles, or None; two queries."""
    members = Membership.objects.with_people_and_roles()
    return members.filter(organization=organization, user=user, user__is_active=True).first()


def require(by: Principal, organization: Organization, permission: str, unit: Unit | None = None) -> Holdings:
    """What the caller holds, when that includes the permission (for a unit: there or in the organization).

    Raises OrganizationNotFound for an outsider and PermissionMissing for a member without it.
    """
    held = holdings(by, organization)
    unit_id = unit.pk if unit else None
    if not held.permits(permission, unit_id):
        raise PermissionMissing(permission=permission)
    return held


def require_member_management(by: Principal, organization: Organization, unit: Unit | None = None) -> Holdings:
    """Like ``require`` for managing the organization's members, or just those of one unit."""
    held = holdings(by, organization)
    if held.permits(MANAGE_MEMBERS) or (unit and held.permits(UNIT_MANAGE_MEMBERS, unit.pk)):
        return held
    raise PermissionMissing(permission=MANAGE_MEMBERS)


def require_any_member_management(by: Principal, organization: Organization) -> Holdings:
    """Like ``require_member_management``, where managing the members of any one unit is enough to go on."""
    held = holdings(by, organization)
    if held.permits(MANAGE_MEMBERS) or held.units_permitting(UNIT_MANAGE_MEMBERS):
        return held
    raise PermissionMissing(permission=MANAGE_MEMBERS)


def require_cover(held: Holdings, grant: Grant) -> None:
    """Raise GrantTooWide, naming what is missing, unless the grant is a subset of what is held."""
    require_subset(held.missing_for(grant))


def require_subset(missing: Iterable[str]) -> None:
    """Raise GrantTooWide when any permission is missing."""
    missing = sorted(missing)
    if missing:
        raise GrantTooWide(missing_permissions=missing)


def require_authority_over(held: Holdings, membership: Membership) -> None:
    """Raise GrantTooWide unless the caller holds all that the member holds: nobody takes down who stands higher."""
    theirs = holdings_of(membership)
    in_units = (rights - held.in_unit(unit) for unit, rights in theirs.units.items())
    require_subset((theirs.organization - held.organization).union(*in_units))


def require_power_over(held: Holdings, membership: Membership) -> None:
    """Like ``require_authority_over`` for ending a membership, where only powers count.

    Whoever manages members removes those who merely work here, and never somebody with a power they lack.
    """
    theirs = holdings_of(membership)
    in_units = (rights - held.in_unit(unit) for unit, rights in theirs.units.items())
    require_subset((theirs.organization - held.organization).union(*in_units) - EVERYDAY)


def require_person(by: Principal) -> User:
    """The person who asks; raises PersonRequired for programs."""
    if not by.is_person or by.user is None:
        raise PersonRequired
    return by.user


def require_staff(by: Principal) -> None:
    """Raise PermissionMissing unless staff ask, through the admin, or the service itself."""
    if not (by.is_staff or by.is_service):
        raise PermissionMissing("Only staff can do this.")
