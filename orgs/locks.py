"""Find the organization that a request is about, and lock rows. Lock organizations first, then an account."""

from uuid import UUID

from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict, Gone, NotFound
from orgs.models import Membership, MembershipQuerySet, Organization


class OrganizationNotFound(NotFound):
    """The organization is unknown, archived, or one that the caller is not a member of. The response is the same."""

    message = "There is no such organization."


class NoActiveOrganization(Conflict):
    """The caller is not a member of any organization."""

    message = "You do not belong to any organization yet."


class AccountEnded(Gone):
    """The account was deactivated, deleted or erased, perhaps during this request."""

    message = "This account is no longer active."


def lock_organization(organization_id: UUID, *, by: Principal, archived: bool = False) -> Organization:
    """Lock the organization until the transaction ends and return it. Every action does this first.

    The lock lets one change of an organization run at a time. What an action checks under it (the last owner, seats,
    the caller's own permissions) is therefore still true when it writes. ``archived`` includes archived organizations.
    Raises OrganizationNotFound when the caller cannot see the organization.
    """
    visible = Organization.objects.visible_to(by) if archived else Organization.objects.visible_to(by).live()
    organization = visible.filter(pk=organization_id).select_for_update(no_key=True, of=("self",)).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def find_organization(by: Principal, organization_id: UUID) -> Organization:
    """Return a live organization of the caller; raises OrganizationNotFound."""
    organization = Organization.objects.visible_to(by).live().filter(pk=organization_id).first()
    if organization is None:
        raise OrganizationNotFound
    return organization


def lock_organizations_of(user: User) -> set[UUID]:
    """Lock all organizations of the user, in the order of their ids to avoid deadlocks, and return the ids."""
    own = Membership.objects.filter(user=user).values("organization")
    locked = Organization.objects.filter(pk__in=own).order_by("pk").select_for_update(no_key=True, of=("self",))
    return {organization.pk for organization in locked}


def lock_account(user_id: UUID) -> User | None:
    """Reload and lock the account until the transaction ends; None when it was erased.

    It keeps an account from joining one organization while it is ended in another. Always lock organizations before it.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=user_id).first()


def lock_active_account(user_id: UUID) -> User:
    """Lock an active account like ``lock_account``; raises AccountEnded when it is not active."""
    account = lock_account(user_id)
    if account is None or not account.is_active:
        raise AccountEnded
    return account


def current_organization(by: Principal, named: UUID | None = None) -> Organization:
    """Return the organization that a request is about: the named one, the credential's own, or the active one.

    Raises OrganizationNotFound when the caller is not a member of it, and NoActiveOrganization when there is none.
    """
    return find_organization(by, named or by.organization_id or active_organization_id(by))


def memberships_of(user: User) -> MembershipQuerySet:
    """Return the user's memberships of live organizations, with roles, sorted by the organization's name."""
    live = Membership.objects.with_people_and_roles().filter(user=user, organization__deleted_at__isnull=True)
    return live.select_related("organization").order_by("organization__name", "id")


def active_organization_id(by: Principal) -> UUID:
    """Return the id of the organization that the user switched to last, or else joined first.

    Raises NoActiveOrganization when the user has none.
    """
    live = Membership.objects.filter(user=by.user, organization__deleted_at__isnull=True)
    if by.organization_id:
        live = live.filter(organization_id=by.organization_id)
    found = live.by_activation().values_list("organization_id", flat=True).first()
    if found is None:
        raise NoActiveOrganization
    return found
