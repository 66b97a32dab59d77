"""Lock rows. Always lock organizations before an account."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, UUIDField

from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from accounts.second_factor import has_second_factor
from core.compiled import CompiledQuery
from core.errors import Denied, Gone, NotFound
from core.request_context import note_organization
from orgs.models import ApiKey, Membership, Organization, OrganizationQuerySet

SIGNED_IN_HERE = {Method.SESSION, Method.OAUTH2}


class OrganizationNotFound(NotFound):
    """The organization is unknown or archived, or the caller is not a member. The response does not show which."""

    message = "There is no such organization."


class SecondFactorRequired(Denied):
    """The organization requires two-factor authentication of its members, and the caller has not set it up."""

    message = "This organization requires two-factor authentication. Set it up for your account, then sign in again."


class AccountEnded(Gone):
    """The account was deactivated, deleted or purged, perhaps during this request."""

    message = "This account is no longer active."


def lock_organization(
    organization_id: UUID | QuerySet[Any, Any], *, by: Principal, archived: bool = False
) -> Organization:
    """Lock the organization until the transaction ends and return it. Every action does this first.

    Only one action at a time can change an organization. The results of an action's checks (last owner, seats,
    permissions of the caller) are therefore still true when the action writes. The id can also be a queryset that
    selects one id. With ``archived``, the organization may be archived. Raises OrganizationNotFound if the caller
    cannot see it, and SecondFactorRequired.
    """
    if by.user and isinstance(organization_id, UUID) and not by.is_staff and not archived:
        if by.organization_id not in (None, organization_id):
            raise OrganizationNotFound
        return require_found(LOCKED_ORGANIZATION.first(user=by.user.pk, pk=organization_id), by)
    visible = Organization.objects.visible_to(by) if archived else Organization.objects.visible_to(by).live()
    return require_found(locking(visible, organization_id).first(), by)


def locking(organizations: OrganizationQuerySet, pk: Any) -> OrganizationQuerySet:
    """Return the organization with this id, or the id that a subquery selects, and lock its row."""
    return organizations.filter(pk=pk).select_for_update(no_key=True, of=("self",))


LOCKED_ORGANIZATION = CompiledQuery(
    lambda user, pk: locking(Organization.objects.of_member(user).live(), pk), user=UUIDField(), pk=UUIDField()
)


def require_found(organization: Organization | None, by: Principal) -> Organization:
    """Return the organization that a lookup found for the caller.

    Raises OrganizationNotFound for None, and SecondFactorRequired if the caller must first set up
    two-factor authentication.
    """
    if organization is None:
        raise OrganizationNotFound
    if organization.second_factor_required:
        require_second_factor(by)
    note_organization(organization.pk)
    return organization


def require_second_factor(by: Principal) -> None:
    """Raise SecondFactorRequired for a person who signed in here without a second factor.

    A session or an OAuth token comes from our sign-in page. The issuer of a JWT decides how its users sign in, and API
    keys and OAuth applications of system users belong to programs.
    """
    if by.method in SIGNED_IN_HERE and by.user and not has_second_factor(by.user):
        raise SecondFactorRequired


def lock_organizations_of(user: User, *others: UUID) -> set[UUID]:
    """Lock all organizations of the user, those with API keys that the user created, and others. Return their ids.

    Locks in the order of the ids to avoid deadlocks.
    """
    own = Membership.objects.filter(user=user).values("organization")
    with_keys = ApiKey.objects.filter(responsible=user).order_by().values("membership__organization")
    locked = (
        Organization.objects.filter(Q(pk__in=own.union(with_keys)) | Q(pk__in=others))
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )
    return {organization.pk for organization in locked}


def lock_organization_of_first(rows: QuerySet[Any]) -> UUID | None:
    """Lock the organization of the first row and return its id. Return None if there is no row any more."""
    organization_id: UUID | None = rows.values_list("organization_id", flat=True).first()
    if organization_id is None:
        return None
    try:
        return lock_organization(organization_id, by=SERVICE, archived=True).pk
    except OrganizationNotFound:
        return None


def lock_account(user_id: UUID) -> User | None:
    """Reload the account and lock it until the transaction ends. Return None if the account was purged.

    The lock prevents an account from joining an organization while another request deletes the account. Always lock
    organizations before the account.
    """
    locked: User | None = LOCKED_ACCOUNT.first(pk=user_id)
    return locked


LOCKED_ACCOUNT = CompiledQuery(lambda pk: User.objects.select_for_update(no_key=True).filter(pk=pk), pk=UUIDField())


def lock_active_account(user_id: UUID) -> User:
    """Lock an account like ``lock_account``. Raises AccountEnded if it is not active."""
    account = lock_account(user_id)
    if account is None or not account.is_active:
        raise AccountEnded
    return account
