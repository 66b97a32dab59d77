"""Principals from browser sessions, and session rotation after privilege elevation."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from accounts.models import User
from accounts.principals import Method, Principal

ROTATE_SESSION = "rights_grew"


def session_principal(request: HttpRequest) -> Principal | None:
    """Return the principal of the signed-in user, or None."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    return Principal(user=user, method=Method.SESSION, authenticated_at=last_authenticated_at(request, user))


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


class SessionRotationMiddleware:
    """Rotate the session key with the first page after a privilege elevation.

    The response to the elevating request itself does not change the key. If the person clicks twice, the browser drops
    the first response, and a new key in that response would be lost.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Rotate the session key if a rotation was requested and the response is a page that used the session."""
        response = self.get_response(request)
        is_page = request.method == "GET" and response.get("Content-Type", "").startswith("text/html")
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # perhaps sessions cannot be read
            return response
        if is_page and request.session.accessed:
            must_rotate = request.session.pop(ROTATE_SESSION, False)
            if must_rotate:
                request.session.cycle_key()
        return response
