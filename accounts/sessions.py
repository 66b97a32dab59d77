"""Principals from browser sessions, and session rotation after privilege elevation."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from rest_framework.response import Response

from accounts.models import User
from accounts.principals import Method, Principal
from accounts.session_store import stored_session_key
from core.request_context import note_principal

ROTATE_SESSION = "rights_grew"
REAUTHENTICATION_PAGES = {"account_reauthenticate", "mfa_reauthenticate"}
OPENED_BY_DOCUMENTED_NAME = "perfectworks.opened_by_documented_name"


def session_principal(request: HttpRequest) -> Principal | None:
    """Return the principal of the signed-in user, or None."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    note_principal(Method.SESSION)
    key = request.session.session_key
    return Principal(
        user=user,
        method=Method.SESSION,
        authenticated_at=last_authenticated_at(request, user),
        session_key=stored_session_key(key) if key else None,
    )


def last_authenticated_at(request: HttpRequest, user: User) -> datetime | None:
    """Return when the user last entered a password or a two-factor authentication code in this session.

    Return None if the session has no such record.
    """
    moments = [record["at"] for record in get_authentication_records(request, user)]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def request_session_rotation(request: HttpRequest, by: Principal) -> None:
    """Request a new session key with the next page, because the caller's privileges were elevated."""
    if by.method is Method.SESSION:
        request.session[ROTATE_SESSION] = True


def elevates_privileges(operation: Callable[..., Response]) -> Callable[..., Response]:
    """Decorate an API operation that elevates the caller's privileges. The next page then rotates the session key."""

    @wraps(operation)
    def noted(view: Any, *args: Any, **kwargs: Any) -> Response:
        response = operation(view, *args, **kwargs)
        request_session_rotation(view.request, view.caller)
        return response

    return noted


class SessionCookieMiddleware(SessionMiddleware):
    """Django's middleware. A dialect may document another name of the session cookie, which is only read.

    The root URLconf maps path prefixes to such names in ``session_cookies``. Another host of the domain can plant a
    cookie of that name, so it never becomes the cookie that our pages use.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Open the session of the cookie. Our own name comes first."""
        super().process_request(request)
        name = documented_session_cookie(request.path_info)
        if name in request.COOKIES and settings.SESSION_COOKIE_NAME not in request.COOKIES:
            request.session = self.SessionStore(request.COOKIES[name])
            request.META[OPENED_BY_DOCUMENTED_NAME] = "1"

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session, and set the cookie unless the session was opened by the documented name."""
        response = super().process_response(request, response)
        if OPENED_BY_DOCUMENTED_NAME in request.META:
            response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        return response


def documented_session_cookie(path: str) -> str:
    """Return the name of the session cookie that the API at this path documents, or our own name."""
    names: Mapping[str, str] = getattr(get_resolver().urlconf_module, "session_cookies", {})
    return next((name for prefix, name in names.items() if path.startswith(prefix)), settings.SESSION_COOKIE_NAME)


class SessionRotationMiddleware:
    """Rotate the session key with the first page after a privilege elevation, or after the person signed in again.

    The response to the elevating request itself does not change the key. If the person clicks twice, the browser drops
    the first response, and a new key in that response would be lost.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Rotate the session key if a rotation was requested and the response is a page that used the session."""
        response = self.get_response(request)
        if _signed_in_again(request, response):
            request.session[ROTATE_SESSION] = True
        is_page = request.method == "GET" and response.get("Content-Type", "").startswith("text/html")
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # perhaps sessions cannot be read
            return response
        if is_page and request.session.accessed:
            must_rotate = request.session.pop(ROTATE_SESSION, False)
            if must_rotate:
                request.session.cycle_key()
        return response


def _signed_in_again(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether the person entered the right password or code in an open session. The page then redirects."""
    match = request.resolver_match
    is_asked = match is not None and match.url_name in REAUTHENTICATION_PAGES and request.method == "POST"
    return is_asked and response.status_code == HTTPStatus.FOUND and request.user.is_authenticated
