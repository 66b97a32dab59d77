"""Actions on units (workspaces and applications) and on the roles of members in units."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.email.models import AccountEmail
from accounts.principals import Principal
from core.errors import Conflict
from events.changed_fields import describe_changes
from events.models import Event
from orgs import policies
from orgs.actions.account_rights import require_other
from orgs.actions.affected_members import end_unit_roles
from orgs.actions.members import set_unit_role
from orgs.actions.notices import notify_member
from orgs.actions.saving import apply_changes, record, require_names, save_new
from orgs.limits import TooManyUnits, require_below
from orgs.locks import lock_organization
from orgs.lookups import MemberNotFound, RoleKey, find_member, find_role, find_unit
from orgs.models import Membership, RoleAssignment, Unit
from orgs.permissions import ADMIN, CREATE_PROJECTS, UNIT_ADMIN, Level
from orgs.policies import Grant
from orgs.signals import unit_deleting


class UnitInUse(Conflict):
    """A pending or processing invitation grants a role in the unit."""

    message = "An open invitation names this: cancel it first."


@transaction.atomic
def create_unit(
    *, by: Principal, organization_id: UUID, kind: Unit.Kind, name: str, slug: str = "", picture_url: str = ""
) -> Unit:
    """Create a workspace or an application. Without a slug, one is made from the name.

    Raises OrganizationNotFound, PermissionMissing, SlugTaken, TooManyUnits, ValidationError.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, CREATE_PROJECTS)
    require_below(settings.UNITS_PER_ORGANIZATION, organization.units.all(), TooManyUnits)
    unit = Unit(organization=organization, kind=kind, name=name, slug=slug, picture_url=picture_url)
    save_new(unit)
    record("unit.created", by, unit, organization, unit_kind=kind)
    return unit


@transaction.atomic
def update_unit(
    *, by: Principal, organization_id: UUID, unit_id: UUID, kind: Unit.Kind | None = None, **changes: str
) -> Unit:
    """Change ``name``, ``slug`` or ``picture_url``. The caller must be an admin of the organization or of the unit.

    Raises OrganizationNotFound, UnitNotFound, PermissionMissing, SlugTaken, ValidationError.
    """
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    policies.require(by, organization, UNIT_ADMIN, unit)
    require_names(changes, {"name", "slug", "picture_url"})
    record("unit.updated", by, unit, organization, **apply_changes(unit, changes))
    return unit


@transaction.atomic
def delete_unit(*, by: Principal, organization_id: UUID, unit_id: UUID, kind: Unit.Kind | None = None) -> None:
    """Delete a workspace or an application, and the roles that members have in it.

    Raises OrganizationNotFound, UnitNotFound, PermissionMissing, and UnitInUse if a pending or processing invitation
    grants a role in the unit. The events about the members come before the one about the unit.
    """
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    policies.require(by, organization, ADMIN)
    unit_deleting.send(Unit, organization=organization, unit=unit)
    if organization.invitations.unanswered().filter(unit=unit).exists():
        raise UnitInUse
    with Event.objects.together():
        untold = end_unit_roles(by, organization, unit)
        record("unit.deleted", by, unit, organization, unit_kind=unit.kind, **untold)
    unit.delete()


@transaction.atomic
def assign_unit_role(
    *,
    by: Principal,
    organization_id: UUID,
    unit_id: UUID,
    membership_id: UUID,
    role_id: RoleKey,
    kind: Unit.Kind | None = None,
) -> Membership:
    """Give a member a role in a workspace or application. It replaces the member's current role in that unit.

    Raises OrganizationNotFound, UnitNotFound, PermissionMissing, MemberNotFound, OwnAccount, UnknownRole, GrantTooWide.
    """
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    held = policies.require_member_management(by, organization, unit)
    membership = find_member(organization, membership_id)
    require_other(by, membership.user)
    _require_authority_in_unit(held, membership, unit)
    role = find_role(organization, role_id, Level.UNIT)
    grant = Grant(role, unit=unit, unit_role=role)
    policies.require_subset(grant.in_unit - held.in_unit(unit.pk))
    set_unit_role(by=by, organization=organization, membership=membership, grant=grant)
    notify_member(AccountEmail.Purpose.ROLE_CHANGED, by=by, organization=organization, user=membership.user)
    return find_member(organization, membership_id)


@transaction.atomic
def remove_unit_role(
    *, by: Principal, organization_id: UUID, unit_id: UUID, membership_id: UUID, kind: Unit.Kind | None = None
) -> None:
    """Remove a member's role in a workspace or application. The member stays in the organization.

    Raises OrganizationNotFound, UnitNotFound, PermissionMissing, OwnAccount, GrantTooWide, and MemberNotFound (also if
    the member has no role in the unit).
    """
    organization = lock_organization(organization_id, by=by)
    unit = find_unit(organization, unit_id, kind)
    held = policies.require_member_management(by, organization, unit)
    membership = find_member(organization, membership_id)
    require_other(by, membership.user)
    _require_authority_in_unit(held, membership, unit)
    deleted, _ = membership.assignments.filter(unit=unit).delete()
    if not deleted:
        raise MemberNotFound("This member has no role there.")
    changed = describe_changes({"role_id": membership.role_id_in(unit.pk)}, {"role_id": None}, of=RoleAssignment)
    record("membership.unit_role_removed", by, membership, organization, unit_id=unit.pk, **changed)
    notify_member(AccountEmail.Purpose.ROLE_CHANGED, by=by, organization=organization, user=membership.user)


def _require_authority_in_unit(held: policies.EffectivePermissions, membership: Membership, unit: Unit) -> None:
    present = policies.member_permissions(membership).units.get(unit.pk, frozenset())
    policies.require_subset(present - held.in_unit(unit.pk))
