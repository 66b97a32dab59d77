"""Authentication of API requests. A request has at most one credential.

The setting ``CREDENTIAL_READERS`` lists one reader for each kind of credential, so other apps can add kinds. A reader
only detects whether the request has its kind of credential. The credential is verified after all readers have run, and
only if there is exactly one.
"""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.jwt.identities import user_of
from accounts.jwt.tokens import InvalidCredentials, read_jwt
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.sessions import documented_session_cookie, session_principal
from core.errors import Invalid
from core.request_context import note_principal

#: A function that returns the principal of a credential. Raises InvalidCredentials.
Verifier = Callable[[], Principal]
#: A function that returns a verifier if the request has its kind of credential, else None.
Reader = Callable[[Request], Verifier | None]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
MAX_HEADER_LENGTH = 8300


class TwoCredentials(Invalid):
    """The request has more than one credential."""

    message = "Send only one credential: a bearer token, an API key or a session."


class CredentialAuthentication(BaseAuthentication):
    """Authenticate with the request's credential.

    Respond with 400 if there are several credentials, and with 401 if the credential is not valid.
    """

    @property
    def readers(self) -> list[Reader]:
        """The readers of every kind of credential."""
        return [import_string(path) for path in settings.CREDENTIAL_READERS]

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """Return the user and the principal, or None if the request has no credential.

        Raises InvalidCredentials, TwoCredentials.
        """
        found = [reader(request) for reader in self.readers]
        shown = [verifier for verifier in found if verifier is not None]
        if len(shown) > 1:
            raise TwoCredentials
        if not shown:
            return None
        principal = shown[0]()
        if principal.user is None or not principal.user.is_active:
            raise InvalidCredentials
        note_principal(principal.method)
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """Return the WWW-Authenticate header of a 401."""
        return "Bearer"


class BearerAuthentication(CredentialAuthentication):
    """Accept only the ``Authorization`` header. Ignore all other credentials."""

    @property
    def readers(self) -> list[Reader]:
        """The reader of bearer tokens."""
        return [read_bearer]


class SessionAuthentication(CredentialAuthentication):
    """Accept only the session cookie. Respond with 401 to an ``Authorization`` header."""

    @property
    def readers(self) -> list[Reader]:
        """The reader of the session, which checks the request's origin, and the one that rejects ``Authorization``."""
        return [read_session_of_own_origin, read_unsupported_header]

    def authenticate_header(self, request: Request) -> str:
        """Return the WWW-Authenticate header for 401 responses. Its scheme is from draft-broyer-http-cookie-auth."""
        return f'Cookie cookie-name="{documented_session_cookie(request.path_info)}"'


def read_bearer(request: Request) -> Verifier | None:
    """Read the bearer token. An ``Authorization`` header with another scheme is an invalid credential."""
    header = request.META.get("HTTP_AUTHORIZATION")
    return None if header is None else partial(bearer_principal, header)


def bearer_principal(header: str) -> Principal:
    """Return the principal of a bearer token (RFC 6750). Try the reader of each kind of token.

    Raises InvalidCredentials.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or " " in token or len(header) > MAX_HEADER_LENGTH:
        raise InvalidCredentials
    for path in settings.BEARER_TOKEN_READERS:
        principal: Principal | None = import_string(path)(token)
        if principal is not None:
            return principal
    raise InvalidCredentials


def jwt_principal(token: str) -> Principal | None:
    """Return the principal of a trusted issuer's JWT, or None if the token is not a JWT.

    Raises InvalidCredentials, also for a token from before the end of the user's credentials.
    """
    if token.count(".") != 2:
        return None
    claims = read_jwt(token)
    return Principal(user=user_of(claims), method=Method.JWT, authenticated_at=claims.authenticated_at)


def read_session(request: Request) -> Verifier | None:
    """Read the session. Write requests need a CSRF token."""
    return _session(request, _require_csrf_token)


def read_session_of_own_origin(request: Request) -> Verifier | None:
    """Read the session. Reject write requests that a browser sends from another site.

    Use this in APIs whose documents do not describe a CSRF token. Their clients cannot send one.
    """
    return _session(request, _require_own_origin)


def read_unsupported_header(request: Request) -> Verifier | None:
    """Treat an ``Authorization`` header as an invalid credential."""
    return _refuse if "HTTP_AUTHORIZATION" in request.META else None


def _refuse() -> Principal:
    raise InvalidCredentials


def _session(request: Request, guard: Callable[[Request], None]) -> Verifier | None:
    """Return a verifier for the session, or None if no user is signed in. ``guard`` checks write requests."""
    session = request._request.session
    session.accessed = True  # the response depends on the cookie (`Vary`), also if there is none
    if session.session_key is None:
        return None
    principal = session_principal(request._request)
    return None if principal is None else partial(_guarded, request, guard, principal)


def _guarded(request: Request, guard: Callable[[Request], None], principal: Principal) -> Principal:
    if request.method not in SAFE:
        guard(request)
    return principal


def _require_csrf_token(request: Request) -> None:
    check, checked = CSRFCheck(_no_view), _without_body(request._request)
    check.process_request(checked)
    reason = check.process_view(checked, _no_view, (), {})
    if reason:
        raise PermissionDenied(f"CSRF check failed: {reason}", code="csrf_failed")


def _without_body(request: HttpRequest) -> HttpRequest:
    """Return the request with an empty form, so that the token is only looked for in the header.

    Otherwise Django would read a form before the parsers of the operation do, which REST framework then does not call.
    """
    checked = copy.copy(request)
    checked.POST = QueryDict()
    return checked


def _require_own_origin(request: Request) -> None:
    if request.headers.get("Origin") == "null":
        raise PermissionDenied("The browser hides where this request comes from (Origin: null).", code="csrf_failed")
    if not _has_own_origin(request):
        raise PermissionDenied("This request comes from another site.", code="csrf_failed")


def _has_own_origin(request: Request) -> bool:
    """Return whether the request comes from our own pages or from a client that is not a browser.

    Browsers send the ``Origin`` header with every write request (Fetch standard). Other clients do not.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin in {settings.PUBLIC_BASE_URL, *settings.CSRF_TRUSTED_ORIGINS}
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")


def _no_view(*_: Any, **__: Any) -> HttpResponse:
    return HttpResponse()
