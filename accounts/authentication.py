"""From a request to a principal: exactly one credential, or none.

Which kinds of credential there are is the list ``CREDENTIAL_READERS`` in the settings, as rooms above this one bring
some of their own. Each reader only looks whether its kind is shown; what is shown is judged when it is the only one.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.jwt.identities import user_of
from accounts.jwt.tokens import InvalidCredentials, read_jwt
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.sessions import session_principal
from core.errors import Invalid

#: Says whose the shown credential is; raises InvalidCredentials for one that does not hold.
Judge = Callable[[], Principal]
#: Finds its kind of credential in a request; None when the request does not show it.
Reader = Callable[[Request], Judge | None]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
MAX_HEADER_LENGTH = 8300


class TwoCredentials(Invalid):
    """It would not be clear who is asking."""

    message = "Show one credential: a request has either a bearer token, an API key or a session."


class CredentialAuthentication(BaseAuthentication):
    """Authenticates by whichever one credential the request shows; two are a 400, a bad one never falls back."""

    @property
    def readers(self) -> list[Reader]:
        """The readers of every kind of credential."""
        return [import_string(path) for path in settings.CREDENTIAL_READERS]

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """The user and the principal, or None for an anonymous request; raises InvalidCredentials, TwoCredentials."""
        found = [reader(request) for reader in self.readers]
        shown = [judge for judge in found if judge is not None]
        if len(shown) > 1:
            raise TwoCredentials
        if not shown:
            return None
        principal = shown[0]()
        if principal.user is None or not principal.user.is_active:
            raise InvalidCredentials
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


class BearerAuthentication(CredentialAuthentication):
    """For dialects whose only credential is the ``Authorization`` header: nothing else is looked at."""

    @property
    def readers(self) -> list[Reader]:
        """Tokens only."""
        return [read_bearer]


class SessionAuthentication(CredentialAuthentication):
    """For a dialect whose only credential is the session cookie; an ``Authorization`` header never falls back to it."""

    @property
    def readers(self) -> list[Reader]:
        """The session only, guarded by where the request comes from."""
        return [read_session_of_own_origin, read_needless_header]

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for (the scheme is that of draft-broyer-http-cookie-auth)."""
        return f'Cookie cookie-name="{settings.SESSION_COOKIE_NAME}"'


def read_bearer(request: Request) -> Judge | None:
    """The token in ``Authorization``; a header of any other form is a credential too, and does not hold."""
    header = request.META.get("HTTP_AUTHORIZATION")
    return None if header is None else partial(bearer_principal, header)


def bearer_principal(header: str) -> Principal:
    """The bearer of the token (RFC 6750), whatever kind of token it is. Raises InvalidCredentials."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or " " in token or len(header) > MAX_HEADER_LENGTH:
        raise InvalidCredentials
    for path in settings.BEARER_TOKEN_READERS:
        principal: Principal | None = import_string(path)(token)
        if principal is not None:
            return principal
    raise InvalidCredentials


def jwt_principal(token: str) -> Principal | None:
    """The person a trusted issuer speaks of; None for what is no JSON Web Token at all."""
    if token.count(".") != 2:
        return None
    claims = read_jwt(token)
    return Principal(user=user_of(claims), method=Method.JWT, authenticated_at=claims.authenticated_at)


def read_session(request: Request) -> Judge | None:
    """The person signed in with this browser; a write must bring the CSRF token of our own pages."""
    return _session(request, _require_csrf_token)


def read_session_of_own_origin(request: Request) -> Judge | None:
    """The person signed in; a write that a browser makes for another site is refused by where it comes from.

    For clients that cannot send a CSRF token, as their API's document knows none: the origin takes its place.
    """
    return _session(request, _require_own_origin)


def read_needless_header(request: Request) -> Judge | None:
    """An ``Authorization`` header where none is taken: a credential that does not hold, whatever it says."""
    return _refuse if "HTTP_AUTHORIZATION" in request.META else None


def _refuse() -> Principal:
    raise InvalidCredentials


def _session(request: Request, guard: Callable[[Request], None]) -> Judge | None:
    """A cookie shows a credential as long as somebody is signed in with it."""
    principal = session_principal(request._request)
    return None if principal is None else partial(_guarded, request, guard, principal)


def _guarded(request: Request, guard: Callable[[Request], None], principal: Principal) -> Principal:
    if request.method not in SAFE:
        guard(request)
    return principal


def _require_csrf_token(request: Request) -> None:
    check = CSRFCheck(_no_view)
    check.process_request(request._request)
    reason = check.process_view(request._request, _no_view, (), {})
    if reason:
        raise PermissionDenied(f"CSRF check failed: {reason}", code="csrf_failed")


def _require_own_origin(request: Request) -> None:
    if not _has_own_origin(request):
        raise PermissionDenied("This request comes from another site.", code="csrf_failed")


def _has_own_origin(request: Request) -> bool:
    """Whether it was made by a page of ours, or by a program that is no browser.

    Browsers name the origin of every write (Fetch standard); programs that are no browsers name none.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin in {settings.PUBLIC_BASE_URL, *settings.CSRF_TRUSTED_ORIGINS}
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")


def _no_view(*_: Any, **__: Any) -> HttpResponse:
    return HttpResponse()
