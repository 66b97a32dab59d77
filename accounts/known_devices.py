"""Remember in a signed cookie which accounts a browser has signed in to.

Rate limits treat such a browser as a client of its own. Otherwise anybody who types wrong passwords could keep a person
from signing in. The cookie contains no name, address or user id, and nobody can sign in with it.
"""

import secrets
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

SALT = "accounts.known_devices"
MAX_ACCOUNTS = 5
MAX_AGE = 180 * 86400  # seconds since the last sign-in


def known_device(request: HttpRequest, user_ids: Iterable[UUID]) -> str | None:
    """Return the id of the browser if one of these users has signed in with it before, else None."""
    devices = _read(request)
    return next((devices[key] for key in map(_key, user_ids) if key in devices), None)


def has_device_cookie(request: HttpRequest) -> bool:
    """Return whether anybody has signed in with this browser before."""
    return bool(_read(request))


def remember_device(request: HttpRequest, response: HttpResponseBase, user_id: UUID) -> None:
    """Store in the browser that this user has signed in. It keeps the last ``MAX_ACCOUNTS`` accounts."""
    devices = _read(request)
    key = _key(user_id)
    device = devices.pop(key, None) or secrets.token_urlsafe(12)
    kept = {key: device} | dict(list(devices.items())[: MAX_ACCOUNTS - 1])
    response.set_cookie(
        settings.KNOWN_DEVICE_COOKIE_NAME,
        signing.dumps(kept, salt=SALT),
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        devices: dict[str, str] = signing.loads(
            request.COOKIES.get(settings.KNOWN_DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=MAX_AGE
        )
    except signing.BadSignature:
        return {}
    return devices


def _key(user_id: UUID) -> str:
    return salted_hmac(SALT, str(user_id), algorithm="sha256").hexdigest()[:20]
