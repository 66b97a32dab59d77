"""Actions on API keys, and authentication with them.

A key acts as one member, with all or some of the member's permissions. Its secret is shown once, and only a hash is
stored. When a membership ends, its keys are deleted.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Q, QuerySet, UUIDField
from django.db.models.functions import Now
from django.utils import timezone

from accounts.email.models import AccountEmail
from accounts.principals import Method, Principal
from core.compiled import CompiledQuery
from core.errors import Denied, Invalid, NotFound
from orgs import policies
from orgs.actions.notices import notify_about_credential
from orgs.actions.saving import apply_changes, record, require_names, save_checked
from orgs.limits import TooManyApiKeys, require_below
from orgs.locks import lock_organization
from orgs.lookups import UnknownPermission, find_member
from orgs.models import ApiKey, Membership, Organization
from orgs.permissions import ALL_PERMISSIONS, MANAGE_MEMBERS, effective

SECRET_PREFIX = "pw_"  # noqa: S105 - not a secret: secret scanners find keys by this prefix
_LAST_USE_PRECISION = timedelta(minutes=1)


def _usable_keys(**key_is: Any) -> QuerySet[ApiKey]:
    """Return the keys that authenticate a caller."""
    usable = {"membership__user__is_active": True, "membership__organization__deleted_at__isnull": True}
    return ApiKey.objects.unexpired().filter(**usable, **key_is).select_related("membership__user").order_by()


KEY_BY_SECRET = CompiledQuery(_usable_keys, secret_hash=CharField())
KEY_BY_ID = CompiledQuery(_usable_keys, pk=UUIDField())


class ApiKeyNotFound(NotFound):
    """The key does not exist, or the caller may not see it."""

    message = "There is no such API key."


class NotYourKey(Denied):
    """The key or service client is for another person, or for a system user that the caller does not manage."""

    message = "You can make keys for yourself and for system users you manage."


def visible_keys(by: Principal, organization: Organization) -> QuerySet[ApiKey]:
    """Return the caller's keys in the organization. If the caller manages members, include system users' keys."""
    visible = Q(membership__user=by.user)
    if policies.caller_permissions(by, organization).permits(MANAGE_MEMBERS):
        visible |= Q(membership__user__kind="system")
    return ApiKey.objects.filter(visible, membership__organization=organization).select_related("membership__user")


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
    """Create a key, and return the key and its secret. Only the secret's hash is stored.

    The key is for the member with ``membership_id``: the caller (the default) or a system user. ``permissions`` limits
    the key. If ``permissions`` is None and the caller's credential has a limit, the key gets the same limit.
    Raises NotYourKey, GrantTooWide, UnknownPermission, MemberNotFound, TooManyApiKeys, and Invalid if ``expires_at`` is
    in the past.
    """
    organization = lock_organization(organization_id, by=by)
    own = policies.caller_permissions(by, organization)
    membership = _membership_for_key(by, organization, own, membership_id)
    permissions = by.permissions if permissions is None else permissions
    _require_permissions(own, permissions)
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(fields={"expires_at": ["Choose a time in the future."]})
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    of_organization = ApiKey.objects.filter(membership__organization=organization)
    require_below(settings.API_KEYS_PER_ORGANIZATION, of_organization, TooManyApiKeys)
    key = ApiKey(
        membership=membership,
        responsible_id=by.responsible_id,
        name=name,
        description=description,
        prefix=secret[:10],
        secret_hash=_hash(secret),
        permissions=None if permissions is None else sorted(permissions),
        expires_at=expires_at,
    )
    save_checked(key)
    record("api_key.created", by, key, organization, membership_id=membership.pk, permissions=key.permissions)
    purpose = AccountEmail.Purpose.API_KEY_CREATED
    notify_about_credential(purpose, by=by, organization=organization, user=membership.user)
    return key, secret


@transaction.atomic
def update_api_key(*, by: Principal, organization_id: UUID, key_id: UUID, **changes: str) -> ApiKey:
    """Change a key's ``name`` or ``description``. Raises ApiKeyNotFound and GrantTooWide."""
    organization = lock_organization(organization_id, by=by)
    key = _find_key_to_change(by, organization, key_id)
    require_names(changes, {"name", "description"})
    record("api_key.described", by, key, organization, **apply_changes(key, changes))
    return key


@transaction.atomic
def delete_api_key(*, by: Principal, organization_id: UUID, key_id: UUID) -> None:
    """Delete a key. It stops working immediately. Raises ApiKeyNotFound and GrantTooWide."""
    organization = lock_organization(organization_id, by=by)
    key = _find_key_to_change(by, organization, key_id)
    record("api_key.deleted", by, key, organization, membership_id=key.membership_id)
    key.delete()


def find_key(by: Principal, organization: Organization, key_id: UUID) -> ApiKey:
    """Return a key that the caller may see. Raises ApiKeyNotFound."""
    key = visible_keys(by, organization).filter(pk=key_id).first()
    if key is None:
        raise ApiKeyNotFound
    return key


def _find_key_to_change(by: Principal, organization: Organization, key_id: UUID) -> ApiKey:
    """Return a key that the caller may change. Raises ApiKeyNotFound.

    Raises GrantTooWide if the caller's credential is limited and the key has permissions beyond that limit.
    """
    key = find_key(by, organization, key_id)
    if by.permissions is not None:
        of_key = ALL_PERMISSIONS if key.permissions is None else effective(key.permissions)
        policies.require_subset(of_key - effective(by.permissions))
    return key


def authenticate(secret: str) -> Principal | None:
    """Return the principal of the key with this secret, or None if the key is not valid.

    A key is not valid if it is unknown or expired, if its user is not active, or if its organization is archived.
    """
    return _principal_of(KEY_BY_SECRET, secret_hash=_hash(secret))


def authenticate_by_id(key_id: UUID) -> Principal | None:
    """Return the principal of a key, like ``authenticate``. Call this only after checking a token for the key."""
    return _principal_of(KEY_BY_ID, pk=key_id)


def _principal_of(query: CompiledQuery, **key_is: object) -> Principal | None:
    key = query.first(**key_is)
    if key is None:
        return None
    _note_use(key)
    return Principal(
        user=key.membership.user,
        method=Method.API_KEY,
        organization_id=key.membership.organization_id,
        permissions=None if key.permissions is None else frozenset(key.permissions),
        credential_id=key.pk,
        credential_by_id=key.responsible_id,
    )


def _note_use(key: ApiKey) -> None:
    """Update ``last_used_at`` at most once a minute, to avoid a write on every request."""
    if key.last_used_at is None or key.last_used_at < timezone.now() - _LAST_USE_PRECISION:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=Now())


def _hash(secret: str) -> str:
    """Return the SHA-256 of the secret. The secret has 256 random bits, so it needs no slow password hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _membership_for_key(
    by: Principal, organization: Organization, own: policies.EffectivePermissions, membership_id: UUID | None
) -> Membership:
    of_caller = policies.find_membership(by.user, organization)
    if of_caller and membership_id in (None, of_caller.pk):
        return of_caller
    if membership_id is None or not own.permits(MANAGE_MEMBERS):
        raise NotYourKey
    membership = find_member(organization, membership_id)
    if membership.user.is_person:
        raise NotYourKey
    policies.require_authority_over(own, membership)
    return membership


def _require_permissions(own: policies.EffectivePermissions, permissions: frozenset[str] | None) -> None:
    if permissions is None:
        return
    if permissions - ALL_PERMISSIONS:
        raise UnknownPermission(fields={"permissions": ["Unknown permission."]})
    in_units = frozenset().union(*own.units.values())
    policies.require_subset(effective(permissions) - own.organization - in_units)
