"""Who a browser's session says is asking."""

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
    """The signed-in user as the caller of an action; None when nobody is signed in."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    return Principal(user=user, method=Method.SESSION, authenticated_at=proven_at(request, user))


def proven_at(request: HttpRequest, user: User) -> datetime | None:
    """When the user last showed a password or second factor in this session; None when it never was here."""
    moments = [record["at"] for record in get_authentication_records(request, user)]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def request_session_rotation(request: HttpRequest, by: Principal) -> None:
    """Ask for a new session key, as the caller has gained rights by this request; the next page brings it."""
    if by.method is Method.SESSION:
        request.session[ROTATE_SESSION] = True


def elevates_privileges(operation: Callable[..., Response]) -> Callable[..., Response]:
    """Say of an API's operation that its caller has gained rights when it answers."""

    @wraps(operation)
    def noted(view: Any, *args: Any, **kwargs: Any) -> Response:
        response = operation(view, *args, **kwargs)
        request_session_rotation(view.request, view.caller)
        return response

    return noted


class SessionRotationMiddleware:
    """Gives the session of somebody whose rights grew a new key, with the next page that they open.

    Not in the answer that granted them: a second click drops that answer, and with it the only copy of the new key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a page that looked at the session anyway renews it."""
        response = self.get_response(request)
        is_page = request.method == "GET" and response.get("Content-Type", "").startswith("text/html")
        if is_page and request.session.accessed:
            rights_grew = request.session.pop(ROTATE_SESSION, False)
            if rights_grew:
                request.session.cycle_key()
        return response
