"""The trusted issuers: a Firebase project, the configured issuers and, in DEBUG, a development issuer."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from accounts.jwt.jwks import KeySource
from accounts.models import User

FIREBASE_KEYS = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
DEVELOPMENT_KEY_ID = "development"
DEVELOPMENT_LIFETIME_SECONDS = 12 * 3600


class AddressTrust(StrEnum):
    """Which addresses in an issuer's tokens count: the values of ``addresses`` in ``JWT_ISSUERS``.

    An address never counts if ``email_verified`` is false or any other value.
    """

    VERIFIED = "verified"  # only if `email_verified` is true
    VERIFIED_TEXT = "verified_text"  # also if it is the text "true"
    ALL = "all"  # also if it is missing, for issuers that verify every address
    NONE = "none"


class Keys(Protocol):
    """A source of public keys."""

    def key(self, key_id: str) -> Any | None:
        """Return the public key with this id, or None."""


@dataclass(frozen=True)
class Issuer:
    """A trusted issuer: its audience, keys and algorithms, and which of its addresses count."""

    name: str
    audience: str
    keys: Keys
    algorithms: tuple[str, ...] = ASYMMETRIC
    requires_auth_time: bool = False
    addresses: AddressTrust = AddressTrust.VERIFIED


def find_issuer(name: str) -> Issuer | None:
    """Return the trusted issuer with this name, or None."""
    configured = _configured().get(name)
    if configured is not None:
        return configured
    if settings.DEBUG and name == development_name():
        return _development()
    return None


@cache
def _configured() -> dict[str, Issuer]:
    issuers = [
        Issuer(
            issuer["issuer"],
            issuer["audience"],
            KeySource(issuer["jwks_url"]),
            addresses=AddressTrust(issuer.get("addresses", AddressTrust.VERIFIED)),
        )
        for issuer in settings.JWT_ISSUERS
    ]
    if settings.FIREBASE_PROJECT_ID:
        issuers.append(firebase(settings.FIREBASE_PROJECT_ID))
    return {issuer.name: issuer for issuer in issuers}


def firebase(project: str, keys: Keys | None = None) -> Issuer:
    """Return the issuer of a Firebase project.

    Source: "Verify ID tokens using a third-party JWT library" in Firebase's documentation.
    """
    name = f"https://securetoken.google.com/{project}"
    return Issuer(name, project, keys or KeySource(FIREBASE_KEYS), ("RS256",), requires_auth_time=True)


# The development issuer exists only in DEBUG. Its key is generated when the issuer is first used.


def development_name() -> str:
    """Return the name of the development issuer."""
    return f"{settings.PUBLIC_BASE_URL}/development"


def development_jwt(user: User, **claims: Any) -> str:
    """Return a JWT for a user, like one from an identity provider. Only for DEBUG."""
    now = int(time.time())
    payload = {
        "iss": development_name(),
        "aud": "perfectworks",
        "sub": str(user.pk),
        "iat": now,
        "auth_time": now,
        "exp": now + DEVELOPMENT_LIFETIME_SECONDS,
        "email": user.email,
        "email_verified": True,
        "name": user.get_full_name(),
    }
    return jwt.encode(payload | claims, _development_key(), "RS256", headers={"kid": DEVELOPMENT_KEY_ID})


class _DevelopmentKeys:
    def key(self, key_id: str) -> Any | None:
        return _development_key().public_key() if key_id == DEVELOPMENT_KEY_ID else None


@cache
def _development() -> Issuer:
    return Issuer(development_name(), "perfectworks", _DevelopmentKeys(), ("RS256",))


def _development_key() -> rsa.RSAPrivateKey:
    if not settings.DEBUG:
        raise RuntimeError("The development issuer is available only while DEBUG is on.")
    return _read_or_make(Path(settings.VAR_DIR) / "development-issuer.pem")


@cache
def _read_or_make(path: Path) -> rsa.RSAPrivateKey:
    """Return the key in the file. Create the file atomically if it is missing.

    Only the owner of the file may read it.
    """
    if not path.exists():
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=path.name) as draft:
            draft.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} does not contain an RSA key.")
    return key
