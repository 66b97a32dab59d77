"""What can happen to an organization and its members.

Roles, units and the roles held there: ``structure.py``; API keys: ``keys.py``; system users and accounts that end:
``account_actions.py``.

Every action takes the same five steps: lock the organization, require the permission, check the rule, change,
record the event. ``by`` is the caller; everything is keyword-only; each action is one transaction.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from orgs import policies
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import ADMIN, ADMIN_ROLE, OWN, OWNER_ROLE
from orgs.policies import Grant
from orgs.references import MemberNotFound, describe, find_grant, find_member
from orgs.seats import require_seat
from orgs.signals import seat_freed
from orgs.tenancy import lock_active_account, lock_organization
from orgs.writing import apply_changes, record, require_names, save_checked, save_new
from perfectworks.errors import Conflict, Denied, Unprocessable


class LastOwner(Conflict):
    """The only owner cannot go, or stop being one."""

    message = "An organization needs an owner: transfer the ownership first."


class OwnerIsNoPerson(Unprocessable):
    """Programs own nothing: somebody must be able to answer for the organization."""

    message = "Only a person can own an organization."


class AlreadyMember(Conflict):
    """The person belongs already."""

    message = "This person is already a member."


class InvitationRequired(Denied):
    """People join by their own consent."""

    message = "A person joins by accepting an invitation."


PROFILE = {"description", "logo_url", "website", "language"}


# Organizations


@transaction.atomic
def create_organization(*, by: Principal, name: str, slug: str = "", **profile: str) -> Organization:
    """Register an organization; the caller, a person, becomes its owner. Without a slug it gets one from its name.

    ``profile`` may hold ``description``, ``logo_url``, ``website`` and ``language``.
    Raises PersonRequired, SlugTaken, and ValidationError for input that breaks a rule of the model.
    """
    founder = policies.require_person(by)
    require_names(profile, PROFILE)
    organization = Organization(name=name, slug=slug, **profile)
    save_new(organization)
    record("organization.created", by, organization, organization)
    admit(by=by, organization=organization, user=founder, grant=Grant(Role.objects.get(pk=OWNER_ROLE)))
    return organization


@transaction.atomic
def update_organization(*, by: Principal, organization_id: UUID, **changes: str) -> Organization:
    """Change ``name``, ``slug``, ``description``, ``logo_url``, ``website`` or ``language``."""
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, ADMIN)
    require_names(changes, {"name", "slug", *PROFILE})
    apply_changes(organization, changes)
    record("organization.updated", by, organization, organization, changed=sorted(changes))
    return organization


@transaction.atomic
def set_seat_limit(*, by: Principal, organization_id: UUID, seat_limit: int | None) -> Organization:
    """Set how many seats there are (None: any number). Staff only, as an organization cannot sell itself seats.

    A limit below the present members removes nobody; freed or added seats go to whoever waits for one.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    apply_changes(organization, {"seat_limit": seat_limit})
    record("organization.seat_limit_set", by, organization, organization, seat_limit=seat_limit)
    seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def set_open_invitation_limit(
    *, by: Principal, organization_id: UUID, open_invitation_limit: int | None
) -> Organization:
    """Set how many invitations may be open at once (None: as many as the service allows by default). Staff only.

    A limit below what is open withdraws nothing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    apply_changes(organization, {"open_invitation_limit": open_invitation_limit})
    limit = {"open_invitation_limit": open_invitation_limit}
    record("organization.open_invitation_limit_set", by, organization, organization, **limit)
    return organization


@transaction.atomic
def archive_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Soft-delete: nobody sees or enters it until it is restored. Its members and invitations stay as they are."""
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, OWN)
    apply_changes(organization, {"deleted_at": timezone.now()})
    record("organization.archived", by, organization, organization)
    return organization


@transaction.atomic
def restore_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Undo ``archive_organization``; restoring what is not archived changes nothing.

    Whoever waits for a seat gets the seats that became free meanwhile.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    if organization.is_archived:
        apply_changes(organization, {"deleted_at": None})
        record("organization.restored", by, organization, organization)
        seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def purge_organization(*, by: Principal, organization_id: UUID) -> None:
    """Delete the organization and all that belongs to it for ever; only its events stay."""
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    record("organization.purged", by, organization, organization)
    User.objects.filter(memberships__organization=organization, kind=User.Kind.SYSTEM).update(is_active=False)
    organization.invitations.all().delete()
    RoleAssignment.objects.filter(membership__organization=organization).delete()
    organization.delete()


# Members


def admit(*, by: Principal, organization: Organization, user: User, grant: Grant) -> Membership:
    """Make the user a member with this grant; the caller holds the lock and has checked who may grant it.

    Raises AccountEnded, OwnerIsNoPerson and AlreadyMember.
    """
    lock_active_account(user.pk)
    _require_fit_to_own(user, grant)
    membership = Membership(organization=organization, user=user, permissions=sorted(grant.permissions))
    save_checked(membership, conflict=AlreadyMember)
    membership.assignments.create(role=grant.role)
    if grant.unit and grant.unit_role:
        membership.assignments.create(role=grant.unit_role, unit=grant.unit)
    record("membership.created", by, membership, organization, user_id=user.pk, **describe(grant))
    return membership


@transaction.atomic
def add_member(
    *,
    by: Principal,
    organization_id: UUID,
    user: User,
    role_id: UUID,
    permissions: frozenset[str] = frozenset(),
) -> Membership:
    """Make a user a member without asking: staff may do so to people, members only to new system users.

    Raises InvitationRequired, AlreadyMember (of a system user that belongs anywhere), GrantTooWide, NoSeatLeft.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    if user.is_person and not by.is_staff:
        raise InvitationRequired
    if not user.is_person and user.memberships.exists():
        raise AlreadyMember
    grant = find_grant(organization, role_id=role_id, permissions=permissions)
    policies.require_cover(held, grant)
    require_seat(organization, *user.verified_addresses())
    return admit(by=by, organization=organization, user=user, grant=grant)


@transaction.atomic
def remove_member(*, by: Principal, organization_id: UUID, membership_id: UUID) -> None:
    """End a membership. Nobody removes somebody with a power they lack; the last owner stays."""
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    policies.require_power_over(held, membership)
    end_membership(by=by, organization=organization, membership=membership, kind="membership.removed")


@transaction.atomic
def leave_organization(*, by: Principal, organization_id: UUID) -> None:
    """End the caller's own membership; a person needs nobody's permission to go. The last owner stays."""
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    membership = policies.find_membership(user, organization)
    if membership is None:
        raise MemberNotFound
    end_membership(by=by, organization=organization, membership=membership, kind="membership.left")


def end_membership(*, by: Principal, organization: Organization, membership: Membership, kind: str) -> None:
    """Delete a membership with its keys and give its seat away; the caller holds the lock.

    A system user belongs nowhere else, so its account ends with it.
    """
    require_other_owner(organization, membership)
    record(kind, by, membership, organization, user_id=membership.user_id)
    membership.delete()
    if not membership.user.is_person:
        User.objects.filter(pk=membership.user_id).update(is_active=False)
    seat_freed.send(Organization, organization=organization, by=by)


@transaction.atomic
def change_member_roles(
    *,
    by: Principal,
    organization_id: UUID,
    membership_id: UUID,
    role_id: UUID | None = None,
    permissions: frozenset[str] | None = None,
) -> Membership:
    """Give a member another organization role, other direct permissions, or both; None leaves it as it is."""
    organization = lock_organization(organization_id, by=by)
    held = policies.require_member_management(by, organization)
    membership = find_member(organization, membership_id)
    policies.require_authority_over(held, membership)
    grant = find_grant(
        organization,
        role_id=role_id or membership.organization_role.pk,
        permissions=frozenset(membership.permissions) if permissions is None else permissions,
    )
    policies.require_cover(held, grant)
    _require_fit_to_own(membership.user, grant)
    if grant.role.pk != OWNER_ROLE:
        require_other_owner(organization, membership)
    set_organization_grant(membership, grant)
    record("membership.roles_changed", by, membership, organization, user_id=membership.user_id, **describe(grant))
    return find_member(organization, membership_id)


@transaction.atomic
def transfer_ownership(*, by: Principal, organization_id: UUID, membership_id: UUID) -> Membership:
    """Make another active person the owner in the caller's place, who stays as an admin."""
    organization = lock_organization(organization_id, by=by)
    user = policies.require_person(by)
    policies.require(by, organization, OWN)
    heir = find_member(organization, membership_id)
    if not heir.user.is_person or not heir.user.is_active or heir.user_id == user.pk:
        raise Unprocessable("Ownership goes to another person.", fields={"member_id": ["Name another active person."]})
    former = policies.find_membership(user, organization)
    set_organization_grant(heir, Grant(Role.objects.get(pk=OWNER_ROLE)))
    if former is not None:
        set_organization_grant(former, Grant(Role.objects.get(pk=ADMIN_ROLE)))
    record("organization.ownership_transferred", by, organization, organization, user_id=heir.user_id)
    return find_member(organization, membership_id)


# What these actions share


def require_other_owner(organization: Organization, membership: Membership) -> None:
    """Raise LastOwner when this member is the only active owner; needs the lock."""
    owners = RoleAssignment.objects.filter(
        membership__organization=organization, membership__user__is_active=True, role_id=OWNER_ROLE
    )
    if membership.organization_role.pk == OWNER_ROLE and not owners.exclude(membership=membership).exists():
        raise LastOwner


def _require_fit_to_own(user: User, grant: Grant) -> None:
    if grant.role.pk == OWNER_ROLE and not user.is_person:
        raise OwnerIsNoPerson


def set_organization_grant(membership: Membership, grant: Grant) -> None:
    """Replace the organization role and direct permissions; unit roles stay."""
    membership.assignments.filter(unit__isnull=True).update(role=grant.role)
    membership.permissions = sorted(grant.permissions)
    membership.save(update_fields=["permissions", "updated_at"])
