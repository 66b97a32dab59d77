"""Verification of JSON Web Tokens (RFC 7519) from trusted issuers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.core.exceptions import ValidationError

from accounts.jwt.issuers import AddressTrust, Issuer, find_issuer
from accounts.models import ExternalIdentity
from core.addresses import Address, normalize_address
from core.errors import Unauthenticated

LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 8192
IgnoredReason = ExternalIdentity.IgnoredReason
REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
MOMENTS = ("exp", "iat", "nbf")
# Exceptions that a malicious token can cause. TypeError: the algorithm does not fit the key.
TOKEN_ERRORS = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


class InvalidCredentials(Unauthenticated):
    """The request has a credential that is not valid."""

    message = "This credential is not valid."


@dataclass(frozen=True)
class IgnoredAddress:
    """An address in a token that does not count, and why. The address is None if it is not a valid one."""

    reason: IgnoredReason
    address: Address | None = None


@dataclass(frozen=True)
class Claims:
    """The claims of a verified token. If its address does not count, ``verified_address`` is None."""

    issuer: str
    subject: str
    verified_address: Address | None
    first_name: str
    last_name: str
    authenticated_at: datetime | None
    issued_at: float  # a Unix timestamp
    ignored_address: IgnoredAddress | None = None


def read_jwt(token: str) -> Claims:
    """Verify the signature, issuer, audience and dates of a token, and return its claims.

    Raises InvalidCredentials.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidCredentials
    try:
        issuer = _issuer_of(token)
        return _parsed(_verified(token, issuer), issuer)
    except TOKEN_ERRORS as error:
        raise InvalidCredentials from error


def _issuer_of(token: str) -> Issuer:
    """Return the trusted issuer for the token's ``iss`` claim.

    No other claim is read before the signature is verified.
    """
    name = jwt.decode(token, options={"verify_signature": False}).get("iss")
    issuer = find_issuer(name) if isinstance(name, str) else None
    if issuer is None:
        raise InvalidCredentials
    return issuer


def _verified(token: str, issuer: Issuer) -> dict[str, Any]:
    """Verify the token and return its claims. One of its audiences must be the expected one (RFC 7519, 4.1.3)."""
    key_id = jwt.get_unverified_header(token).get("kid")
    key = issuer.keys.key(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise InvalidCredentials
    return jwt.decode(
        token,
        key,
        algorithms=list(issuer.algorithms),
        audience=issuer.audience,
        issuer=issuer.name,
        leeway=LEEWAY_SECONDS,
        options={"require": [*REQUIRED, "auth_time"] if issuer.requires_auth_time else REQUIRED},
    )


def _parsed(claims: dict[str, Any], issuer: Issuer) -> Claims:
    moments = {name: _moment(claims[name]) for name in (*MOMENTS, "auth_time") if name in claims}
    first, last = _names(claims)
    verified, ignored = _address(claims, issuer.addresses)
    return Claims(
        issuer=issuer.name,
        subject=_subject(claims["sub"]),
        verified_address=verified,
        first_name=first,
        last_name=last,
        authenticated_at=_past(moments["auth_time"]) if "auth_time" in moments else None,
        ignored_address=ignored,
        issued_at=moments["iat"],
    )


def _subject(subject: str) -> str:
    """Return the subject: at most 255 ASCII characters (OpenID Connect Core, 2)."""
    if not 0 < len(subject) <= 255 or not (subject.isascii() and subject.isprintable()):
        raise InvalidCredentials
    return subject


def _moment(value: Any) -> float:
    """Return a NumericDate (RFC 7519, 2). It must be a JSON number. Reject ``true`` and ``"1"``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCredentials
    return float(value)


def _past(moment: float) -> datetime:
    """Return the ``auth_time`` claim as a datetime. Raises InvalidCredentials for a time in the future."""
    if not 0 < moment <= datetime.now(UTC).timestamp() + LEEWAY_SECONDS:
        raise InvalidCredentials
    return datetime.fromtimestamp(moment, UTC)


def _address(claims: dict[str, Any], trust: AddressTrust) -> tuple[Address | None, IgnoredAddress | None]:
    """Return the address if it counts, or the one that does not count and why. Without an address, return neither."""
    stated = claims.get("email")
    if not stated:
        return None, None
    try:
        address = normalize_address(stated) if isinstance(stated, str) else None
    except ValidationError:
        address = None
    reason = _why_ignored(claims, trust) or (IgnoredReason.MALFORMED if address is None else None)
    return (None, IgnoredAddress(reason, address)) if reason else (address, None)


def _why_ignored(claims: dict[str, Any], trust: AddressTrust) -> IgnoredReason | None:
    """Return why the address does not count, or None if the issuer has verified it."""
    if trust is AddressTrust.NONE:
        return IgnoredReason.NOT_TRUSTED
    if "email_verified" not in claims:
        return None if trust is AddressTrust.ALL else IgnoredReason.NOT_STATED
    if claims["email_verified"] == "true":
        return IgnoredReason.TEXT if trust is AddressTrust.VERIFIED else None
    return None if claims["email_verified"] is True else IgnoredReason.NOT_VERIFIED


def _names(claims: dict[str, Any]) -> tuple[str, str]:
    """Return the first and last name. If only a full name is given, split it. A missing name is empty."""
    given, family, whole = (_text(claims.get(name)) for name in ("given_name", "family_name", "name"))
    if given or family:
        return given, family
    first, _, last = whole.partition(" ")
    return first, last.strip()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
