"""Find or create the user of a trusted issuer's token.

A known identity already has a user. A new identity is linked to the user who has verified the same address. If there is
no such user, or if that user already has an identity of this issuer, a new user is created. Addresses that the issuer
has not verified are ignored, unless the issuer's setting says that they count. They are logged and shown to staff. A
name that is not visible text is left out. The log and the event of the registration say which.
"""

import logging
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.actions.account_emails import send_notices
from accounts.actions.address_ownership import AddressTaken, verified_owner, verify_address
from accounts.email.models import AccountEmail
from accounts.jwt.tokens import LEEWAY_SECONDS, Claims, IgnoredAddress, InvalidCredentials
from accounts.models import ExternalIdentity, User
from accounts.principals import Method, Principal
from core.rows import only_row
from core.text import trimmed, validate_plain_text
from events.changed_fields import changes_of
from events.models import Event

ATTEMPTS = 3

logger = logging.getLogger(__name__)


def user_of(claims: Claims) -> User:
    """Return the user of the claims. Create the user if the identity is new.

    Concurrent requests get the same user. Raises InvalidCredentials if a new identity belongs to an inactive user, and
    for a token from before the end of the user's credentials. Then nothing is written.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _user_of(claims)
        except (IntegrityError, AddressTaken):  # a concurrent request saved this identity or address first
            continue
    return _user_of(claims)


def _user_of(claims: Claims) -> User:
    """Return the user. Create the user if the identity is new.

    Read a known user without a transaction, because a transaction on SQLite waits for all writers.
    """
    known = ExternalIdentity.objects.select_related("user")
    identity = only_row(known.filter(issuer=claims.issuer, subject=claims.subject))
    if identity is None:
        return _first_visit(claims)
    _require_current(identity.user, claims)
    if identity.user.is_active:
        _note_ignored(identity, _prove(identity.user, claims))
    return identity.user


@transaction.atomic
def _first_visit(claims: Claims) -> User:
    known = _to_link(claims)
    user = known or _register(claims)
    if not user.is_active:
        raise InvalidCredentials
    _require_current(user, claims)
    identity = ExternalIdentity.objects.create(user=user, issuer=claims.issuer, subject=claims.subject)
    Event.objects.record("identity.linked", by=_as(user), subject=identity, user_id=user.pk)
    if known:
        send_notices(AccountEmail.Purpose.IDENTITY_LINKED, [user])
    _note_ignored(identity, _prove(user, claims))
    return user


def _require_current(user: User, claims: Claims) -> None:
    """Raise InvalidCredentials for a token from before the end of the user's credentials."""
    ended_at = user.credentials_ended_at
    if ended_at and claims.issued_at <= ended_at.timestamp() + LEEWAY_SECONDS:
        raise InvalidCredentials


def _to_link(claims: Claims) -> User | None:
    """Return the user who has verified the address and has no identity of this issuer, or None."""
    if claims.verified_address is None:
        return None
    verified = EmailAddress.objects.filter(email=claims.verified_address, verified=True)
    others = verified.exclude(user__identities__issuer=claims.issuer).select_related("user")
    address = others.first()
    return address.user if address else None


def _register(claims: Claims) -> User:
    names = {"first_name": claims.first_name, "last_name": claims.last_name}
    usable = {field: _usable(name) for field, name in names.items()}
    user = User.objects.create_user(None, **usable)
    left_out = [field for field, name in names.items() if name and not usable[field]]
    facts: dict[str, Any] = {"left_out": left_out} if left_out else {}
    Event.objects.record("user.registered", by=_as(user), subject=user, user_kind=user.kind, **facts)
    if left_out:
        logger.warning(
            "name in token left out", extra={"issuer": claims.issuer, "user_id": user.pk, "fields": left_out}
        )
    _prove(user, claims)
    if user.email != claims.verified_address and _to_link(claims):
        raise AddressTaken
    return user


def _prove(user: User, claims: Claims) -> IgnoredAddress | None:
    """Mark the address as verified for the user, unless a user has verified it already.

    Return the address that does not count, if any. An address of another user does not. Raises AddressTaken if a
    concurrent request stored it first for another user.
    """
    address = claims.verified_address
    if address is None:
        return claims.ignored_address
    owner = verified_owner(address)
    if owner is None:
        with transaction.atomic():
            verify_address(by=_as(user), user=user, address=address)
    elif owner != user:
        return IgnoredAddress(ExternalIdentity.IgnoredReason.TAKEN, address)
    return None


def _note_ignored(identity: ExternalIdentity, ignored: IgnoredAddress | None) -> None:
    """Store the address that does not count, for staff, and log it. Write nothing if it was stored before."""
    address, reason = (ignored.address, ignored.reason.value) if ignored else (None, "")
    if (identity.ignored_address, identity.ignored_reason) == (address, reason):
        return
    with transaction.atomic():
        rows = ExternalIdentity.objects.filter(pk=identity.pk)
        if not rows.update(ignored_address=address, ignored_reason=reason):
            return  # a concurrent request has deleted the identity
        kind = "identity.address_ignored" if ignored else "identity.address_counts"
        changed = changes_of(identity, ignored_address=address, ignored_reason=reason)
        Event.objects.record(kind, by=_as(identity.user), subject=identity, reason=reason, **changed)
    if ignored:
        facts = {"reason": str(reason), "issuer": identity.issuer, "user_id": identity.user_id}
        logger.warning("address in token ignored", extra=facts)


def _usable(name: str) -> str:
    """Return the name without spaces around it. Return an empty string if it does not pass our validation."""
    short = trimmed(trimmed(name)[:128])
    try:
        validate_plain_text(short)
    except ValidationError:
        return ""
    return short


def _as(user: User) -> Principal:
    return Principal(user=user, method=Method.JWT)
