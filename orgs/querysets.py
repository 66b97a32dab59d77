"""Who sees what inside an organization: every queryset that a GET may read, scoped to its caller.

An outsider gets OrganizationNotFound before anything else is read (``tenancy.find_organization``).
"""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, UUIDField

from accounts.principals import Principal
from events.models import Event
from orgs import policies
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound, RoleNotFound, UnitNotFound
from orgs.models import Membership, MembershipQuerySet, Organization, OrganizationQuerySet, Role, RoleAssignment, Unit
from orgs.permissions import CREATE_PROJECTS, LIST_PROJECTS, MANAGE_MEMBERS, OWNER_ROLE, UNIT_PERMISSIONS

# Any of these in the organization shows all its workspaces and applications; others see those they have a role in.
SHOW_EVERY_UNIT = UNIT_PERMISSIONS | {LIST_PROJECTS, CREATE_PROJECTS, MANAGE_MEMBERS}


def organizations_of(by: Principal) -> OrganizationQuerySet:
    """The caller's organizations with ``member_count`` and the caller's role: ``role_id`` and ``role_name``."""
    roles = RoleAssignment.objects.filter(
        membership__organization=OuterRef("pk"), membership__user=by.user, unit__isnull=True
    )
    rows = Organization.objects.visible_to(by).with_member_count()
    return rows.annotate(
        role_id=Subquery(roles.values("role_id")[:1], output_field=UUIDField()),
        role_name=Subquery(roles.values("role__name")[:1]),
    )


def live_organizations_of(by: Principal) -> OrganizationQuerySet:
    """Those of ``organizations_of`` that are not archived."""
    return organizations_of(by).live()


def organization_of(by: Principal, organization_id: UUID) -> Organization:
    """One of ``live_organizations_of``; raises OrganizationNotFound."""
    return one(live_organizations_of(by), organization_id, OrganizationNotFound)


def public_organization(slug: str) -> Organization:
    """A live organization, for everybody, of whom nothing but its public profile is to be shown."""
    organization = Organization.objects.live().filter(slug=slug).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def archived_organizations_of(by: Principal) -> OrganizationQuerySet:
    """The archived organizations that the caller, as their owner, can restore."""
    owned = RoleAssignment.objects.filter(membership__user=by.user, role_id=OWNER_ROLE)
    return organizations_of(by).filter(deleted_at__isnull=False, pk__in=owned.values("membership__organization"))


def members_of(by: Principal, organization: Organization) -> MembershipQuerySet:
    """The organization's members, which each of them sees; of their units those that the caller may see."""
    shown = Q(unit__isnull=True) | Q(unit__in=units_of(by, organization))
    return Membership.objects.of_organization(organization.pk).with_people_and_roles(shown)


def member_of(by: Principal, organization: Organization, membership_id: UUID) -> Membership:
    """One of ``members_of``; raises MemberNotFound."""
    return one(members_of(by, organization), membership_id, MemberNotFound)


def roles_of(organization: Organization) -> QuerySet[Role]:
    """The roles that every member sees: the built-in ones and the organization's own."""
    return Role.objects.usable_in(organization.pk)


def role_of(organization: Organization, role_id: UUID) -> Role:
    """One of ``roles_of``; raises RoleNotFound."""
    return one(roles_of(organization), role_id, RoleNotFound)


def units_of(by: Principal, organization: Organization) -> QuerySet[Unit]:
    """The workspaces and applications that the caller may see."""
    held = policies.holdings(by, organization)
    units = Unit.objects.filter(organization=organization)
    if held.organization & SHOW_EVERY_UNIT:
        return units
    return units.filter(pk__in=[unit_id for unit_id, rights in held.units.items() if rights])


def unit_of(by: Principal, organization: Organization, unit_id: UUID, kind: Unit.Kind) -> Unit:
    """One of ``units_of``, of this kind; raises UnitNotFound."""
    return one(units_of(by, organization).filter(kind=kind), unit_id, UnitNotFound)


def collaborators_in(unit: Unit) -> QuerySet[RoleAssignment]:
    """The roles held in a unit, with who holds them; whoever sees the unit sees them."""
    return RoleAssignment.objects.filter(unit=unit).select_related("membership__user", "role")


def events_of(by: Principal, organization: Organization) -> QuerySet[Event]:
    """What happened in the organization, for whoever manages its members; raises PermissionMissing."""
    policies.require(by, organization, MANAGE_MEMBERS)
    return Event.objects.of_organization(organization.pk)


def one(rows: QuerySet, key: UUID, otherwise: type[Exception]) -> Any:
    """The row with this key; raises ``otherwise``."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise otherwise
    return row
