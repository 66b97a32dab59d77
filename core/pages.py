"""Middleware for all pages: no caching, no indexing, and our own error pages."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus

from csp.constants import HEADER, UNSAFE_INLINE
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from core.api.errors import row_of
from core.api.middleware import unavailable
from core.errors import Unauthenticated

# What a page with a script of somebody else could otherwise use.
NO_DEVICES = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
        "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


class PolicyMiddleware(CSPMiddleware):
    """django-csp's middleware. It also sets a policy on the 404 pages of DEBUG mode, which django-csp skips.

    It builds the policy of all responses without one of their own only once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.common_policy = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the policy. In DEBUG, allow inline styles on 404 pages, because Django's debug page uses them."""
        if not settings.DEBUG and self.get_policy_parts(request, response) == PolicyParts():
            response.headers.setdefault(HEADER, self.common_policy)
            return response
        response = super().process_response(request, response)
        if settings.DEBUG and response.status_code == HTTPStatus.NOT_FOUND and HEADER not in response:
            parts = self.get_policy_parts(request, response)
            parts.update = {**(parts.update or {}), "style-src": [UNSAFE_INLINE]}
            response[HEADER] = build_policy(**asdict(parts))
        return response


class PageMiddleware:
    """Set the headers of pages, and return our own pages for the statuses 405 and 503.

    In MIDDLEWARE, list it after `PolicyMiddleware` and before all code that returns pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set the headers of pages: no caching and no indexing, because pages show names and invitations."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response = method_not_allowed(request, response)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_cache_control(response, no_store=True)
            response["X-Robots-Tag"] = "noindex"
            response["Permissions-Policy"] = NO_DEVICES
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return a 503 page if something that the view needs does not respond, or ask to sign in if the session ended.

        In API views, REST framework has handled the exception already.
        """
        if isinstance(exception, Unauthenticated):
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        if row_of(exception).status != HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        return unavailable(request, exception)


def method_not_allowed(request: HttpRequest, refusal: HttpResponseNotAllowed) -> HttpResponse:
    """Return a page for a method that the URL does not support. The body of Django's response is empty."""
    page = render(request, "405.html", status=refusal.status_code)
    for name in refusal.headers.keys() - {"Content-Length"}:
        page.setdefault(name, refusal[name])
    return page


def widen_policy(response: HttpResponse, sources: dict[str, Sequence[str]]) -> None:
    """Allow more sources in the Content-Security-Policy of this response: `{"img-src": ["https://…"]}`."""
    csp_update(sources)(lambda _: response)(HttpRequest())  # the decorator marks the response for the middleware


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page that says why the CSRF check failed. ``reason`` is Django's text for logs."""
    return render(request, "403_csrf.html", {"cause": csrf_cause(request, reason)}, status=HTTPStatus.FORBIDDEN)


def csrf_cause(request: HttpRequest, reason: str) -> str:
    """Return why the CSRF check failed: `hidden`, `foreign`, `no_cookie` or `expired`.

    It is `hidden` if the browser does not tell on which page the form was: the Origin header is `null` or, with https,
    the Referer header is missing.
    """
    if reason.startswith("Origin checking"):
        return "hidden" if request.headers.get("Origin") == "null" else "foreign"
    if reason.startswith("Referer checking"):
        return "foreign" if request.headers.get("Referer") else "hidden"
    return "expired" if settings.CSRF_COOKIE_NAME in request.COOKIES else "no_cookie"
