"""A person who signs out in another window, during a request."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.browser_sessions import Session


def sign_out_meanwhile(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware that ends all sessions after the request has been authenticated. List it last in MIDDLEWARE."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        assert request.user.is_authenticated
        Session.objects.all().delete()
        return get_response(request)

    return respond
