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
    devices, keys = _read(request), [key for user_id in user_ids for key in _keys(user_id)]
    return next((devices[key] for key in keys if key in devices), None)


def has_device_cookie(request: HttpRequest) -> bool:
    """Return whether anybody has signed in with this browser before."""
    return bool(_read(request))


def remember_device(request: HttpRequest, response: HttpResponseBase, user_id: UUID) -> None:
    """Store in the browser that this user has signed in. It keeps the last ``MAX_ACCOUNTS`` accounts."""
    devices = _read(request)
    key, *former = _keys(user_id)
    known = [devices.pop(each) for each in (key, *former) if each in devices]
    device = known[0] if known else secrets.token_urlsafe(12)
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


def _keys(user_id: UUID) -> list[str]:
    """Return what stands for the account in the cookie, by the present SECRET_KEY first, then by the former ones."""
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(SALT, str(user_id), secret=key, algorithm="sha256").hexdigest()[:20] for key in secret_keys]
