"""Responses to HEAD requests. The web server would read the whole body of a streamed response, and send none of it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse


class HeadMiddleware:
    """Leave out the body of a streamed response to a HEAD request. The headers stay."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response."""
        response = self.get_response(request)
        if request.method == "HEAD" and isinstance(response, StreamingHttpResponse):
            response.streaming_content = ()
        return response
