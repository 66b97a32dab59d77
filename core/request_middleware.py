"""Give each request an id, which its log lines, its events and its response have."""

from collections.abc import Callable
from typing import Any

from django.core.signals import request_finished
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.request_context import HEADER, enter, new_context

#: The key in the WSGI environment with the context of the request, for the web server's own log.
CONTEXT_KEY = "perfectworks.request_context"


class RequestContextMiddleware:
    """Set the context of the request, and the header ``X-Request-ID`` of the response.

    List this first in MIDDLEWARE, so that whatever the others return has the header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response with the header. The context stays until the response is closed: it may be a stream."""
        context = request.META[CONTEXT_KEY] = new_context(request.META)
        enter(context)
        response = self.get_response(request)
        response.headers[HEADER] = context.request_id
        return response


def leave_request(**_: Any) -> None:
    """Clear the context of this thread, because the response is closed."""
    enter(None)


request_finished.connect(leave_request, dispatch_uid="core.leave_request")
