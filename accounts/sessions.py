"""Principals from browser sessions, and session rotation after privilege elevation."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
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
    return Principal(user=user, method=Method.SESSION, authenticated_at=proven_at(request, user))


def proven_at(request: HttpRequest, user: User) -> datetime | None:
    """Return when the user last entered a password or second factor in this session, or None."""
    moments = [record["at"] for record in get_authentication_records(request, user)]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def request_session_rotation(request: HttpRequest, by: Principal) -> None:
    """Request a new session key with the next page, as the caller's permissions have grown."""
    if by.method is Method.SESSION:
        request.session[ROTATE_SESSION] = True


def elevates_privileges(operation: Callable[..., Response]) -> Callable[..., Response]:
    """Rotate the session after this API operation, as it elevates the caller's privileges."""

    @wraps(operation)
    def noted(view: Any, *args: Any, **kwargs: Any) -> Response:
        response = operation(view, *args, **kwargs)
        request_session_rotation(view.request, view.caller)
        return response

    return noted


class SessionRotationMiddleware:
    """Rotate the session key on the first page after a privilege elevation.

    The key does not change in the response of the elevation itself: if the person clicks twice, the browser drops that
    response, and with it the new key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Rotate the key if requested and if the page has used the session anyway."""
        response = self.get_response(request)
        is_page = request.method == "GET" and response.get("Content-Type", "").startswith("text/html")
        if is_page and request.session.accessed:
            rights_grew = request.session.pop(ROTATE_SESSION, False)
            if rights_grew:
                request.session.cycle_key()
        return response
