"""Reading a JSON Web Token (RFC 7519) of a trusted issuer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.core.exceptions import ValidationError

from accounts.jwt.issuers import Issuer, find_issuer
from core.addresses import Address, normalize_address
from core.errors import Unauthenticated

LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 8192
REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
MOMENTS = ("exp", "iat", "nbf")
# What reading a token that somebody made to hurt can raise; TypeError: its algorithm is of another kind than its key.
UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


class InvalidCredentials(Unauthenticated):
    """A credential was shown and does not hold."""

    message = "This credential is not valid."


@dataclass(frozen=True)
class Claims:
    """What a trusted issuer says of whoever carries the token."""

    issuer: str
    subject: str
    verified_address: Address | None
    first_name: str
    last_name: str
    authenticated_at: datetime | None


def read_jwt(token: str) -> Claims:
    """What the token claims, after its signature, issuer, audience and dates held; raises InvalidCredentials."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidCredentials
    try:
        issuer = _issuer_of(token)
        return _understood(_verified(token, issuer), issuer)
    except UNREADABLE as error:
        raise InvalidCredentials from error


def _issuer_of(token: str) -> Issuer:
    """The issuer that the token names; nothing else in it is believed before the signature is checked."""
    name = jwt.decode(token, options={"verify_signature": False}).get("iss")
    issuer = find_issuer(name) if isinstance(name, str) else None
    if issuer is None:
        raise InvalidCredentials
    return issuer


def _verified(token: str, issuer: Issuer) -> dict[str, Any]:
    """The claims, signed by the issuer for us and valid now. An audience may be one of several (RFC 7519, 4.1.3)."""
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


def _understood(claims: dict[str, Any], issuer: Issuer) -> Claims:
    moments = {name: _moment(claims[name]) for name in (*MOMENTS, "auth_time") if name in claims}
    first, last = _names(claims)
    return Claims(
        issuer=issuer.name,
        subject=_subject(claims["sub"]),
        verified_address=_address(claims),
        first_name=first,
        last_name=last,
        authenticated_at=_past(moments["auth_time"]) if "auth_time" in moments else None,
    )


def _subject(subject: str) -> str:
    """At most 255 ASCII characters (OpenID Connect Core, 2)."""
    if not 0 < len(subject) <= 255 or not (subject.isascii() and subject.isprintable()):
        raise InvalidCredentials
    return subject


def _moment(value: Any) -> float:
    """A NumericDate (RFC 7519, 2): a JSON number, which ``true`` and ``"1"`` are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCredentials
    return float(value)


def _past(moment: float) -> datetime:
    """When a person signed in; a refreshed token tells by ``iat`` only when it was refreshed, which proves nothing."""
    if not 0 < moment <= datetime.now(UTC).timestamp() + LEEWAY_SECONDS:
        raise InvalidCredentials
    return datetime.fromtimestamp(moment, UTC)


def _address(claims: dict[str, Any]) -> Address | None:
    """The address that the issuer has verified; an unverified one counts for nothing."""
    address = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(address, str):
        return None
    try:
        return normalize_address(address)
    except ValidationError:
        return None


def _names(claims: dict[str, Any]) -> tuple[str, str]:
    """The first and last name, as given or else cut from the whole; blank where there is none."""
    given, family, whole = (_text(claims.get(name)) for name in ("given_name", "family_name", "name"))
    if given or family:
        return given, family
    first, _, last = whole.partition(" ")
    return first, last.strip()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
