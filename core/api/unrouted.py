"""Answers that no API view gives: unknown paths, refused requests and crashes before or beside the views.

The root URLconf holds `error_bodies`, beside its `urlpatterns`: a mapping of prefix to `ErrorBody`. Everything below
a prefix fails in that prefix's words, also where Django itself would answer with an HTML page.
"""

from collections.abc import Callable, Mapping

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from django.views.defaults import page_not_found

from .errors import ErrorBody, Problem, problem_of, problem_of_status, row_of

OF_THE_OLD_BODY = {"content-type", "content-length", "content-encoding", "content-disposition"}


class ApiErrorMiddleware:
    """Put this first: it sees the answer last and keeps every header that other middleware has set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on, and let no answer below a prefix be anything but JSON when it is a failure."""
        error_body = error_body_of(request.path_info)
        if error_body is None:
            return self.get_response(request)
        if "\x00" in request.path_info:
            return not_found(request)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            # Django reads as much as Content-Length says (RFC 9112, 6.3): a body without it would seem empty.
            return spoken(problem_of_status(411), error_body, request)
        response = self.get_response(request)
        if response.status_code < 400 or "json" in response.get("Content-Type", ""):
            return response
        return in_place_of(response, spoken(problem_of_status(response.status_code), error_body, request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a body that is too large, and a database that is away, as REST framework's views do.

        To Django the one is a 400 and the other a crash.
        """
        error_body = error_body_of(request.path_info)
        if error_body is None or row_of(exception).status not in (413, 503):
            return None
        return spoken(problem_of(exception), error_body, request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """The root URLconf's `handler404`: spares a program the page that a person would get."""
    error_body = error_body_of(request.path_info)
    if error_body is None:
        return page_not_found(request, exception or Http404())
    return spoken(problem_of_status(404), error_body, request)


def error_body_of(path: str) -> ErrorBody | None:
    """The words spoken at a path: those of the longest prefix that it equals or lies below."""
    bodies: Mapping[str, ErrorBody] = getattr(get_resolver().urlconf_module, "error_bodies", {})
    prefixes = [prefix for prefix in bodies if path == prefix or path.startswith(f"{prefix}/")]
    return bodies[max(prefixes, key=len)] if prefixes else None


def spoken(problem: Problem, error_body: ErrorBody, request: HttpRequest) -> JsonResponse:
    """The whole response for a problem outside of REST framework; no cache keeps it, as it may name the caller."""
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    response = JsonResponse(
        error_body(problem, request),
        safe=False,
        status=problem.status,
        headers={**problem.headers, "Cache-Control": "no-store"},
        json_dumps_params=compact,
    )
    response["Content-Length"] = str(len(response.content))
    return response


def in_place_of(page: HttpResponseBase, response: JsonResponse) -> JsonResponse:
    """Give the response every header and cookie of the page it replaces, save those about the page's body."""
    for name, value in page.items():
        if name.lower() not in OF_THE_OLD_BODY:
            response[name] = value
    response.cookies = page.cookies
    return response
