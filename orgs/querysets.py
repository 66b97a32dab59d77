"""Querysets for GET requests, restricted to rows that the caller may see.

For non-members, ``access.find_organization`` raises OrganizationNotFound before a queryset is used.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, UUIDField

from accounts.principals import Principal
from core.compiled import CompiledQuery
from events.models import Event, EventQuerySet
from orgs import policies
from orgs.locks import OrganizationNotFound, require_found
from orgs.lookups import MemberNotFound, RoleNotFound, UnitNotFound
from orgs.models import (
    FormerSlug,
    Membership,
    MembershipQuerySet,
    Organization,
    OrganizationQuerySet,
    Role,
    RoleAssignment,
    Unit,
)
from orgs.permissions import CREATE_PROJECTS, LIST_PROJECTS, MANAGE_MEMBERS, OWNER_ROLE, UNIT_PERMISSIONS

# With one of these permissions in the organization, members see all units. Without any of them, members only see the
# units in which they have a role.
SHOW_EVERY_UNIT = UNIT_PERMISSIONS | {LIST_PROJECTS, CREATE_PROJECTS, MANAGE_MEMBERS}


def organizations_of(by: Principal) -> OrganizationQuerySet:
    """Return the caller's organizations with ``member_count`` and the caller's ``role_id`` and ``role_name``."""
    return _with_role_of(by.user, Organization.objects.visible_to(by))


def _with_role_of(user: Any, organizations: OrganizationQuerySet) -> OrganizationQuerySet:
    roles = RoleAssignment.objects.filter(
        membership__organization=OuterRef("pk"), membership__user=user, unit__isnull=True
    )
    return (
        organizations.with_member_count()
        .select_related("default_role")
        .annotate(
            role_id=Subquery(roles.values("role_id")[:1], output_field=UUIDField()),
            role_name=Subquery(roles.values("role__name")[:1]),
        )
    )


ORGANIZATION_OF_MEMBER = CompiledQuery(
    lambda user, pk: _with_role_of(user, Organization.objects.of_member(user).live().filter(pk=pk)),
    user=UUIDField(),
    pk=UUIDField(),
)


def live_organizations_of(by: Principal) -> OrganizationQuerySet:
    """Return the organizations of ``organizations_of`` that are not archived."""
    return organizations_of(by).live()


def organization_of(by: Principal, organization_id: UUID) -> Organization:
    """Return one of ``live_organizations_of``. Raises OrganizationNotFound, SecondFactorRequired."""
    if by.user is None or by.is_staff or by.organization_id not in (None, organization_id):
        return require_found(live_organizations_of(by).filter(pk=organization_id).first(), by)
    return require_found(ORGANIZATION_OF_MEMBER.first(user=by.user.pk, pk=organization_id), by)


def public_organization(slug: str) -> Organization:
    """Return an organization without any permission check. Show only its public profile."""
    organization = Organization.objects.live().filter(slug=slug).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def current_slug_of(by: Principal, former_slug: str) -> str | None:
    """Return the slug of the caller's organization that had this slug before, or None."""
    former = FormerSlug.objects.filter(slug=former_slug, organization__in=live_organizations_of(by))
    return former.values_list("organization__slug", flat=True).first()


def archived_organizations_of(by: Principal) -> OrganizationQuerySet:
    """Return the archived organizations that the caller owns and can restore."""
    owned = RoleAssignment.objects.filter(membership__user=by.user, role_id=OWNER_ROLE)
    return organizations_of(by).filter(deleted_at__isnull=False, pk__in=owned.values("membership__organization"))


def members_of(by: Principal, organization: Organization) -> MembershipQuerySet:
    """Return all members of the organization with their roles and ``shown_email``.

    Exclude roles in units that the caller may not see. A caller without any permission sees no address but their own.
    """
    permissions = policies.caller_permissions(by, organization)
    shown = Q(unit__isnull=True) | Q(unit__in=_units_for(permissions, organization))
    members = Membership.objects.of_organization(organization.pk).with_people_and_roles(shown)
    return members.with_shown_email(only_of=by.user if permissions.are_none else None)


def member_of(by: Principal, organization: Organization, membership_id: UUID) -> Membership:
    """Return one of ``members_of``. Raises MemberNotFound."""
    return one(members_of(by, organization), membership_id, MemberNotFound)


def roles_of(organization: Organization) -> QuerySet[Role]:
    """Return the built-in roles and the organization's custom roles. Every member sees all of them."""
    return Role.objects.usable_in(organization.pk)


def role_of(organization: Organization, role_id: UUID) -> Role:
    """Return one of ``roles_of``. Raises RoleNotFound."""
    return one(roles_of(organization), role_id, RoleNotFound)


@dataclass(frozen=True)
class RoleUsage:
    """Where a role is used: by how many people, by how many invitations, and whether it is the default role."""

    people: int
    invitations: int
    is_default: bool

    @property
    def is_used(self) -> bool:
        """Whether another role must take its place before it can be deleted."""
        return bool(self.people or self.invitations or self.is_default)


def usage_of_role(organization: Organization, role: Role) -> RoleUsage:
    """Count the people who have a role of the organization, and the unanswered invitations that offer it."""
    return RoleUsage(
        people=role.assignments.values("membership").distinct().count(),
        invitations=organization.invitations.unanswered().naming_role(role).count(),
        is_default=organization.default_role_id == role.pk,
    )


def units_of(by: Principal, organization: Organization) -> QuerySet[Unit]:
    """Return the workspaces and applications that the caller may see."""
    return _units_for(policies.caller_permissions(by, organization), organization)


def _units_for(permissions: policies.EffectivePermissions, organization: Organization) -> QuerySet[Unit]:
    units = Unit.objects.filter(organization=organization)
    if permissions.organization & SHOW_EVERY_UNIT:
        return units
    return units.filter(pk__in=[unit_id for unit_id in permissions.units if show_unit(permissions, unit_id)])


def show_unit(permissions: policies.EffectivePermissions, unit_id: UUID) -> bool:
    """Return whether a caller with these permissions may see the workspace or application."""
    return bool(permissions.organization & SHOW_EVERY_UNIT or permissions.units.get(unit_id))


def unit_of(by: Principal, organization: Organization, unit_id: UUID, kind: Unit.Kind) -> Unit:
    """Return the unit of ``units_of`` that has this id and kind. Raises UnitNotFound."""
    return one(units_of(by, organization).filter(kind=kind), unit_id, UnitNotFound)


def collaborators_in(unit: Unit) -> QuerySet[RoleAssignment]:
    """Return the role assignments of a unit with their members, for callers who may see the unit.

    Only callers with a permission there see a unit, so they may also see the addresses (``members_of``).
    """
    return RoleAssignment.objects.filter(unit=unit).select_related("membership__user", "role")


def events_of(by: Principal, organization: Organization) -> EventQuerySet:
    """Return the organization's events in the order of their numbers.

    Raises PermissionMissing unless the caller manages members.
    """
    policies.require(by, organization, MANAGE_MEMBERS)
    return Event.objects.of_organization(organization.pk)


def one(rows: QuerySet, key: UUID, otherwise: type[Exception]) -> Any:
    """Return the row with this primary key. Raises ``otherwise`` if there is none."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise otherwise
    return row
