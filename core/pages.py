"""What holds for every page: nobody keeps it, nobody indexes it, and each refusal has our look."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus

from csp.constants import HEADER, UNSAFE_INLINE
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from core.errors import Unavailable

logger = logging.getLogger(__name__)


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, which in DEBUG leaves pages that say 404 without any policy."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the policy. Django's own page for developers has its styles inside, so they are allowed there."""
        answer = super().process_response(request, response)
        if settings.DEBUG and answer.status_code == HTTPStatus.NOT_FOUND and HEADER not in answer:
            parts = self.get_policy_parts(request, answer)
            parts.update = {**(parts.update or {}), "style-src": [UNSAFE_INLINE]}
            answer[HEADER] = build_policy(**asdict(parts))
        return answer


class PageMiddleware:
    """Put this inside the Content-Security-Policy's middleware and outside everything that can answer with a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and mark what is a page: pages show invitations and names, and change with every answer."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            response = method_not_allowed(request, response)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_cache_control(response, no_store=True)
            response["X-Robots-Tag"] = "noindex"
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for something that is away for a while; APIs have told theirs before."""
        if not isinstance(exception, Unavailable):
            return None
        logger.warning("A page could not be given: %s", type(exception).__name__, exc_info=exception)
        page = render(request, "503.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        page["Retry-After"] = str(exception.retry_after)
        return page


def method_not_allowed(request: HttpRequest, refusal: HttpResponseNotAllowed) -> HttpResponse:
    """The page for a method that an address does not know; Django has none."""
    page = render(request, "405.html", status=refusal.status_code)
    for name in refusal.headers.keys() - {"Content-Length"}:
        page.setdefault(name, refusal[name])
    return page


def widen_policy(response: HttpResponse, sources: dict[str, Sequence[str]]) -> None:
    """Let this page, and no other, load from more sources than the policy allows: `{"img-src": ["https://…"]}`."""
    csp_update(sources)(lambda _: response)(HttpRequest())  # the decorator marks the response for the middleware
