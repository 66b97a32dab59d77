"""API keys: a member's rights, or fewer, for a program. Shown once, stored as a hash, dead with the membership."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.principals import Method, Principal
from core.errors import Denied, Invalid, NotFound
from orgs import policies
from orgs.actions.saving import apply_changes, record, require_names, save_checked
from orgs.locks import lock_organization
from orgs.lookups import UnknownPermission, find_member
from orgs.models import ApiKey, Membership, Organization
from orgs.permissions import ALL_PERMISSIONS, MANAGE_MEMBERS, effective

SECRET_PREFIX = "pw_"  # noqa: S105 - what secret scanners recognise, not a secret
_LAST_USE_PRECISION = timedelta(minutes=1)


class ApiKeyNotFound(NotFound):
    """No such key, or not the caller's to see."""

    message = "There is no such API key."


class NotYourKey(Denied):
    """Keys are made for oneself and for system users."""

    message = "You can make keys for yourself and for system users you manage."


def visible_keys(by: Principal, organization: Organization) -> QuerySet[ApiKey]:
    """The caller's keys in the organization and, for whoever manages members, those of its system users."""
    mine = Q(membership__user=by.user)
    if policies.holdings(by, organization).permits(MANAGE_MEMBERS):
        mine |= Q(membership__user__kind="system")
    return ApiKey.objects.filter(mine, membership__organization=organization).select_related("membership__user")


@transaction.atomic
def create_api_key(
    *,
    by: Principal,
    organization_id: UUID,
    name: str,
    description: str = "",
    membership_id: UUID | None = None,
    permissions: frozenset[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key and its secret, which is shown this once and never stored.

    It is for the caller's membership unless ``membership_id`` names a system user's. ``permissions`` narrows it;
    None lets it do what the member can, or what the credential that makes it is narrowed to.
    Raises NotYourKey, GrantTooWide, UnknownPermission, MemberNotFound, and Invalid for a date that has passed.
    """
    organization = lock_organization(organization_id, by=by)
    held = policies.holdings(by, organization)
    membership = _membership_for_key(by, organization, held, membership_id)
    permissions = by.permissions if permissions is None else permissions
    _require_permissions(held, permissions)
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(fields={"expires_at": ["Choose a moment in the future."]})
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        membership=membership,
        name=name,
        description=description,
        prefix=secret[:10],
        secret_hash=_hash(secret),
        permissions=None if permissions is None else sorted(permissions),
        expires_at=expires_at,
    )
    save_checked(key)
    record("api_key.created", by, key, organization, membership_id=membership.pk, permissions=key.permissions)
    return key, secret


@transaction.atomic
def describe_api_key(*, by: Principal, organization_id: UUID, key_id: UUID, **changes: str) -> ApiKey:
    """Change a key's ``name`` or ``description``; what it may do never changes. Raises ApiKeyNotFound, GrantTooWide."""
    organization = lock_organization(organization_id, by=by)
    key = _find_key_to_change(by, organization, key_id)
    require_names(changes, {"name", "description"})
    apply_changes(key, changes)
    record("api_key.described", by, key, organization, changed=sorted(changes))
    return key


@transaction.atomic
def delete_api_key(*, by: Principal, organization_id: UUID, key_id: UUID) -> None:
    """End a key; the next request with it is refused. Raises ApiKeyNotFound, GrantTooWide."""
    organization = lock_organization(organization_id, by=by)
    key = _find_key_to_change(by, organization, key_id)
    record("api_key.deleted", by, key, organization, membership_id=key.membership_id)
    key.delete()


def find_key(by: Principal, organization: Organization, key_id: UUID) -> ApiKey:
    """A key the caller may see; raises ApiKeyNotFound."""
    key = visible_keys(by, organization).filter(pk=key_id).first()
    if key is None:
        raise ApiKeyNotFound
    return key


def _find_key_to_change(by: Principal, organization: Organization, key_id: UUID) -> ApiKey:
    """A key the caller may see; a narrowed credential touches none that may do more than itself."""
    key = find_key(by, organization, key_id)
    if by.permissions is not None:
        theirs = ALL_PERMISSIONS if key.permissions is None else effective(key.permissions)
        policies.require_subset(theirs - effective(by.permissions))
    return key


def authenticate(secret: str) -> Principal | None:
    """The principal behind a secret, or None when it is unknown, expired, or its member is gone or archived."""
    return _principal_of(secret_hash=_hash(secret))


def authenticate_by_id(key_id: UUID) -> Principal | None:
    """The same for a key that has proven itself before (``orgs.api.key_exchange``)."""
    return _principal_of(pk=key_id)


def _principal_of(**key_is: object) -> Principal | None:
    keys = ApiKey.objects.select_related("membership__user", "membership__organization")
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    key = keys.filter(alive, membership__user__is_active=True, **key_is).first()
    if key is None or key.membership.organization.is_archived:
        return None
    _note_use(key)
    return Principal(
        user=key.membership.user,
        method=Method.API_KEY,
        organization_id=key.membership.organization_id,
        permissions=None if key.permissions is None else frozenset(key.permissions),
        credential_id=key.pk,
    )


def _note_use(key: ApiKey) -> None:
    """Remember the last use to the minute, so that a busy key is not a write per request."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - _LAST_USE_PRECISION)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())


def _hash(secret: str) -> str:
    """SHA-256 suffices for 256 random bits; a slow hash would protect nothing and cost every request."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _membership_for_key(
    by: Principal, organization: Organization, held: policies.Holdings, membership_id: UUID | None
) -> Membership:
    mine = policies.find_membership(by.user, organization)
    if mine and membership_id in (None, mine.pk):
        return mine
    if membership_id is None or not held.permits(MANAGE_MEMBERS):
        raise NotYourKey
    membership = find_member(organization, membership_id)
    if membership.user.is_person:
        raise NotYourKey
    policies.require_authority_over(held, membership)
    return membership


def _require_permissions(held: policies.Holdings, permissions: frozenset[str] | None) -> None:
    if permissions is None:
        return
    if permissions - ALL_PERMISSIONS:
        raise UnknownPermission(fields={"permissions": ["Unknown permission."]})
    in_units = frozenset().union(*held.units.values())
    policies.require_subset(effective(permissions) - held.organization - in_units)
