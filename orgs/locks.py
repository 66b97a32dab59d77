"""Which organization a caller acts in, and the locks taken by hand: organizations first, then an account."""

from uuid import UUID

from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict, Gone, NotFound
from orgs.models import Membership, MembershipQuerySet, Organization


class OrganizationNotFound(NotFound):
    """Unknown, archived or foreign: the caller cannot tell which."""

    message = "There is no such organization."


class NoActiveOrganization(Conflict):
    """The caller belongs to no organization, so none can be the active one."""

    message = "You do not belong to any organization yet."


class AccountEnded(Gone):
    """It was deactivated, deleted or erased, perhaps a moment ago."""

    message = "This account is not active any more."


def lock_organization(organization_id: UUID, *, by: Principal, archived: bool = False) -> Organization:
    """The organization, locked until the transaction ends: the first step of every action.

    One lock per organization puts its changes in a row, so that checks made after it (the last owner, seats,
    the caller's own rights) still hold when the change is written. ``archived`` admits soft-deleted ones.
    Raises OrganizationNotFound for what the caller cannot see.
    """
    visible = Organization.objects.visible_to(by) if archived else Organization.objects.visible_to(by).live()
    organization = visible.filter(pk=organization_id).select_for_update(no_key=True, of=("self",)).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def find_organization(by: Principal, organization_id: UUID) -> Organization:
    """An organization that the caller belongs to; raises OrganizationNotFound."""
    organization = Organization.objects.visible_to(by).live().filter(pk=organization_id).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def lock_organizations_of(user: User) -> set[UUID]:
    """Lock every organization the user belongs to, in the order of their ids so that nobody deadlocks."""
    theirs = Membership.objects.filter(user=user).values("organization")
    locked = Organization.objects.filter(pk__in=theirs).order_by("pk").select_for_update(no_key=True, of=("self",))
    return {organization.pk for organization in locked}


def lock_account(user_id: UUID) -> User | None:
    """The account as it is now, locked until the transaction ends, or None when it was erased.

    Joining an organization and ending an account exclude each other by this lock, since the locks of two
    organizations do not. It is always taken after theirs.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=user_id).first()


def lock_active_account(user_id: UUID) -> User:
    """Like ``lock_account`` for an account that can be used; raises AccountEnded otherwise."""
    account = lock_account(user_id)
    if account is None or not account.is_active:
        raise AccountEnded
    return account


def current_organization(by: Principal, named: UUID | None = None) -> Organization:
    """The organization a request is about: the one it names, the credential's own, or the active one.

    Raises OrganizationNotFound when the named one is not the caller's, NoActiveOrganization when there is none.
    """
    return find_organization(by, named or by.organization_id or active_organization_id(by))


def memberships_of(user: User) -> MembershipQuerySet:
    """Where somebody belongs: their memberships of live organizations with what a row shows, by name."""
    live = Membership.objects.with_people_and_roles().filter(user=user, organization__deleted_at__isnull=True)
    return live.select_related("organization").order_by("organization__name", "id")


def active_organization_id(by: Principal) -> UUID:
    """The organization the user switched to last, else the one they joined first."""
    live = Membership.objects.filter(user=by.user, organization__deleted_at__isnull=True)
    if by.organization_id:
        live = live.filter(organization_id=by.organization_id)
    found = live.by_activation().values_list("organization_id", flat=True).first()
    if found is None:
        raise NoActiveOrganization
    return found
