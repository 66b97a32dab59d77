"""Actions on accounts that affect organizations.

They register system users, switch the active organization, and deactivate, reactivate, delete and purge accounts.
"""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actions.account_emails import erase_account_emails
from accounts.actions.ended_credentials import end_oauth_access
from accounts.email.models import AccountEmail
from accounts.email.queue import queue_account_email
from accounts.models import ExternalIdentity, IdempotentResponse, User
from accounts.principals import Principal
from core.addresses import Address
from core.errors import Conflict
from events.changed_fields import changes_of
from events.models import Event
from orgs import policies
from orgs.actions.account_help import language_of_person, require_help, require_verified
from orgs.actions.account_rights import AccountNotYours, require_staff_over
from orgs.actions.members import add_member, end_membership, owns_alone
from orgs.actions.saving import record
from orgs.limits import TooManySystemUsers, require_below
from orgs.locks import (
    AccountEnded,
    OrganizationNotFound,
    lock_account,
    lock_organization,
    lock_organizations_of,
)
from orgs.lookups import RoleKey
from orgs.models import ApiKey, Membership, Organization
from orgs.signals import account_purged, account_purging


class AccountBusy(Conflict):
    """The account joined an organization while this request was changing the account."""

    message = "This account is joining an organization at this moment. Try again."


@transaction.atomic
def register_system_user(
    *,
    by: Principal,
    organization_id: UUID,
    name: str,
    role_id: RoleKey,
    permissions: frozenset[str] = frozenset(),
) -> Membership:
    """Create a system user in one organization. The caller can only grant permissions that the caller has.

    Raises OrganizationNotFound, TooManySystemUsers, and what ``add_member`` raises.
    """
    organization = lock_organization(organization_id, by=by)
    system_users = organization.memberships.filter(user__kind=User.Kind.SYSTEM)
    require_below(settings.SYSTEM_USERS_PER_ORGANIZATION, system_users, TooManySystemUsers)
    user = User.objects.create_user(None, kind=User.Kind.SYSTEM, first_name=name, responsible_id=by.responsible_id)
    Event.objects.record("user.registered", by=by, subject=user, organization_id=organization_id, user_kind=user.kind)
    return add_member(by=by, organization_id=organization_id, user=user, role_id=role_id, permissions=permissions)


@transaction.atomic
def switch_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Make an organization the caller's active organization: the default for requests without an organization."""
    organization = lock_organization(organization_id, by=by)
    policies.caller_permissions(by, organization)
    switched = organization.memberships.filter(user=by.user).update(activated_at=timezone.now())
    if not switched:
        raise OrganizationNotFound
    Event.objects.record("user.organization_switched", by=by, subject=organization, organization_id=organization.pk)
    return organization


@transaction.atomic
def delete_account(*, by: Principal, user: User) -> None:
    """Soft-delete an account: the person leaves all organizations, can no longer sign in, and all credentials end.

    Staff delete no account of their own. Raises AccountNotYours, OwnAccount, AccountHasMoreRights, LastOwner,
    AccountBusy, and AccountEnded if the account was already deleted.
    """
    _require_self_or_staff(by, user)
    account, memberships = _lock_account(user)
    if account.deleted_at is not None:
        raise AccountEnded
    _delete(by, account, memberships)


@transaction.atomic
def deactivate_account(*, by: Principal, user: User) -> None:
    """Prevent an account from signing in, and end all of its credentials at once. Staff only.

    The account keeps its memberships, so this also works for the only owner of an organization. An event then flags the
    organization. Does nothing if the account is not active. Raises AccountNotYours if the caller is not staff,
    OwnAccount, AccountHasMoreRights, AccountBusy, and AccountEnded if the account was purged.
    """
    require_staff_over(by, user)
    account, memberships = _lock_account(user)
    if not account.is_active:
        return
    owned_alone = _owned_alone(memberships)
    changed = _change(account, is_active=False, credentials_ended_at=timezone.now())
    _end_known_credentials(by, account)
    Event.objects.record("user.deactivated", by=by, subject=account, **changed)
    for organization in owned_alone:
        record("organization.left_without_owner", by, organization, organization, user_id=account.pk)


@transaction.atomic
def reactivate_account(*, by: Principal, user: User) -> None:
    """Let a deactivated or deleted account sign in again. Staff only.

    Does nothing if the account is active. Restores neither the memberships that a deletion ended nor any credential.
    Raises AccountNotYours if the caller is not staff, AccountHasMoreRights, AccountBusy, and AccountEnded if the
    account was purged.
    """
    require_staff_over(by, user)
    account, memberships = _lock_account(user)
    if account.is_active:
        return
    owned_alone = _owned_alone(memberships)
    changed = _change(account, is_active=True, deleted_at=None)
    Event.objects.record("user.reactivated", by=by, subject=account, **changed)
    for organization in owned_alone:
        record("organization.owner_returned", by, organization, organization, user_id=account.pk)


@transaction.atomic
def secure_account(*, by: Principal, user: User, address: Address) -> None:
    """Take an account away from somebody who has taken it over, and email the person a link to choose a password.

    All sessions, tokens and API keys end, the password no longer works, and all addresses except ``address`` are
    removed. Two-factor authentication and identities at external issuers stay. Staff only. Raises what
    ``account_help.lock_to_help`` raises, AccountBusy, and Invalid unless ``address`` is a verified one of the account.

    The limit of emails does not apply, so that it never keeps an account from being secured.
    """
    account, _ = _lock_account(user)
    if not account.is_active:
        raise AccountEnded
    require_help(by, account)
    require_verified(account, address)
    values = {"password": make_password(None), "email": address, "credentials_ended_at": timezone.now()}
    changed = _change(account, **values)
    _end_known_credentials(by, account)
    _keep_only(by, account, address)
    Event.objects.record("user.secured", by=by, subject=account, **changed)
    purpose, language = AccountEmail.Purpose.PASSWORD_RESET_BY_STAFF, language_of_person(account)
    queue_account_email(purpose, address, user=account, language=language)


@transaction.atomic
def purge_account(*, by: Principal, user: User) -> None:
    """Permanently erase an account with its addresses, names and identities. Events keep the user id only.

    If the account is not deleted yet, this deletes it first and raises what ``delete_account`` raises. Raises
    AccountNotYours, OwnAccount, AccountHasMoreRights, AccountBusy, and AccountEnded if the account was already purged.
    """
    _require_self_or_staff(by, user)
    replies: list[Any] = account_purging.send(User, user=user, addresses=_addresses_of(user))
    locked = lock_organizations_of(user, *(key for _, keys in replies for key in keys))
    account, memberships = _lock_account(user, locked)
    if account.deleted_at is None:
        _delete(by, account, memberships)
    addresses = _addresses_of(account)
    ExternalIdentity.objects.filter(ignored_address__in=addresses).update(ignored_address=None)
    erase_account_emails(account, addresses)
    account_purged.send(User, user=account, addresses=addresses, locked=locked, by=by)
    Event.objects.record("user.purged", by=by, subject=account)
    IdempotentResponse.objects.mentioning({*addresses, str(account.pk)}).delete()
    account.delete()


def owns_any_alone(user: User) -> bool:
    """Return whether the user is the only active owner of any organization. Such an account cannot be deleted."""
    return bool(organizations_owned_alone(user))


def organizations_owned_alone(user: User) -> list[Organization]:
    """Return the organizations, also archived ones, whose only active owner is the user, sorted by name."""
    memberships = Membership.objects.with_people_and_roles().select_related("organization").filter(user=user)
    return _owned_alone(list(memberships.order_by("organization__name", "id")))


def _require_self_or_staff(by: Principal, user: User) -> None:
    """Require other staff with the account's rights or more, or the account's owner with an unrestricted credential.

    Raises AccountNotYours, OwnAccount, AccountHasMoreRights.
    """
    narrowed = by.organization_id is not None or by.permissions is not None
    if by.is_staff:
        require_staff_over(by, user)
    elif narrowed or not by.is_person or by.actor_id != user.pk:
        raise AccountNotYours


def _lock_account(user: User, locked: set[UUID] | None = None) -> tuple[User, list[Membership]]:
    """Lock the user's organizations and account, and reload the account and its memberships.

    If the caller has locked the organizations, ``locked`` has their ids. Raises AccountEnded if the account was purged,
    and AccountBusy if it has just joined another organization.
    """
    if locked is None:
        locked = lock_organizations_of(user)
    account = lock_account(user.pk)
    if account is None:
        raise AccountEnded
    memberships = Membership.objects.with_people_and_roles().select_related("organization").filter(user=user)
    if any(membership.organization_id not in locked for membership in memberships):
        raise AccountBusy
    return account, list(memberships)


def _addresses_of(user: User) -> set[str]:
    others = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return {*others, *filter(None, [user.email])}


def _owned_alone(memberships: list[Membership]) -> list[Organization]:
    """Return the organizations that have no other active owner."""
    return [membership.organization for membership in memberships if owns_alone(membership.organization, membership)]


def _delete(by: Principal, account: User, memberships: list[Membership]) -> None:
    for membership in memberships:
        end_membership(by=by, organization=membership.organization, membership=membership, kind="membership.left")
    changed = _change(account, is_active=False, deleted_at=timezone.now(), credentials_ended_at=timezone.now())
    _end_known_credentials(by, account)
    Event.objects.record("user.deleted", by=by, subject=account, **changed)


def _end_known_credentials(by: Principal, account: User) -> None:
    """Delete the person's API keys and tokens, and what they created for system users, because they know the secrets.

    This includes the keys in organizations that the person has left. ``credentials_ended_at`` ends the sessions and the
    JWTs.
    """
    end_oauth_access(account)
    keys = ApiKey.objects.filter(Q(membership__user=account) | Q(responsible=account))
    for key in keys.select_related("membership__organization"):
        record("api_key.deleted", by, key, key.membership.organization, membership_id=key.membership_id)
        key.delete()


def _keep_only(by: Principal, account: User, address: Address) -> None:
    """Remove the account's other addresses, and make this one its primary address."""
    others = EmailAddress.objects.filter(user=account).exclude(email=address)
    for _ in range(others.count()):
        Event.objects.record("user.address_removed", by=by, subject=account)
    others.delete()
    EmailAddress.objects.filter(user=account).update(primary=True)


def _change(account: User, **values: Any) -> dict[str, Any]:
    """Set and save these values. Return the event data about what changed."""
    changed = changes_of(account, **values)
    for name, value in values.items():
        setattr(account, name, value)
    account.save(update_fields=[*values, "updated_at"])
    return changed
