"""Give each request an id, which its log lines, its events and its response have, and count it."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.metrics import count_request
from core.request_context import CONTEXT_KEY, HEADER, UNMATCHED, enter, new_context

#: Paths to which middleware responds, before a route is looked for.
WITHOUT_ROUTE = ("/healthz/live", "/healthz/ready", "/healthz/service", "/metrics")


class RequestContextMiddleware:
    """Set the context of the request, and the header ``X-Request-ID`` of the response.

    List this first in MIDDLEWARE, so that whatever the others return has the header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response with the header. The context stays until the response is closed: it may be a stream."""
        started = time.perf_counter()
        context = request.META[CONTEXT_KEY] = new_context(request.META)
        enter(context)
        response = self.get_response(request)
        response.headers[HEADER] = context.request_id
        context.route = route_of(request)
        count_request(context, request.method or "", response.status_code, time.perf_counter() - started)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the template of the path, such as ``/i/<token>``. Static files have one template together."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    if request.path_info.startswith(settings.STATIC_URL):
        return f"{settings.STATIC_URL}*"
    return request.path_info if request.path_info in WITHOUT_ROUTE else UNMATCHED


def leave_request(**_: Any) -> None:
    """Clear the context of this thread, because the response is closed."""
    enter(None)


request_finished.connect(leave_request, dispatch_uid="core.leave_request")
