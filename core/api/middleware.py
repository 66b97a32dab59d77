"""JSON errors for failures outside of API views (unknown paths, rejected requests, crashes), and CORS.

The root URLconf has a mapping `error_bodies` of path prefix to `ErrorBody`. Every failure below a prefix gets that
prefix's error body, also where Django itself would return an HTML page.
"""

from collections.abc import Callable, Mapping

from corsheaders.middleware import CorsMiddleware
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from django.views.defaults import page_not_found

from .errors import ErrorBody, Problem, problem_of, problem_of_status, row_of

BODY_HEADERS = {"content-type", "content-length", "content-encoding", "content-disposition"}


class ApiErrorMiddleware:
    """Return JSON for every failure below an API prefix.

    Put this first in MIDDLEWARE: it sees the response last and keeps the headers that other middleware has set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Reject what Django would misread, and replace failures that are not JSON."""
        error_body = error_body_of(request.path_info)
        if error_body is None:
            return self.get_response(request)
        if "\x00" in request.path_info:
            return not_found(request)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            # Django reads Content-Length bytes (RFC 9112, 6.3): it would take a body without that header for empty.
            return error_response(problem_of_status(411), error_body, request)
        response = self.get_response(request)
        if response.status_code < 400 or "json" in response.get("Content-Type", ""):
            return response
        return replace_body(response, error_response(problem_of_status(response.status_code), error_body, request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return 413 for a body that is too large and 503 for a lost database, as REST framework's views do.

        Django alone would return a 400 and a 500.
        """
        error_body = error_body_of(request.path_info)
        if error_body is None or row_of(exception).status not in (413, 503):
            return None
        return error_response(problem_of(exception), error_body, request)


class ApiCorsMiddleware(CorsMiddleware):
    """Allow the origins in `CORS_ALLOWED_ORIGINS` to call the APIs: every prefix in `error_bodies`, and no page."""

    def is_enabled(self, request: HttpRequest) -> bool:
        """Tell whether the path belongs to an API."""
        return error_body_of(request.path_info) is not None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Return JSON below an API prefix, else Django's page. It is the root URLconf's `handler404`."""
    error_body = error_body_of(request.path_info)
    if error_body is None:
        return page_not_found(request, exception or Http404())
    return error_response(problem_of_status(404), error_body, request)


def error_body_of(path: str) -> ErrorBody | None:
    """Return the error body of the longest prefix of a path, or None outside of the APIs."""
    bodies: Mapping[str, ErrorBody] = getattr(get_resolver().urlconf_module, "error_bodies", {})
    prefixes = [prefix for prefix in bodies if path == prefix or path.startswith(f"{prefix}/")]
    return bodies[max(prefixes, key=len)] if prefixes else None


def error_response(problem: Problem, error_body: ErrorBody, request: HttpRequest) -> JsonResponse:
    """Return the response for a problem outside of REST framework. It is not cached, as it may name the caller."""
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


def replace_body(page: HttpResponseBase, response: JsonResponse) -> JsonResponse:
    """Copy the headers and cookies of the replaced page to the response, except the headers about the body."""
    for name, value in page.items():
        if name.lower() not in BODY_HEADERS:
            response[name] = value
    response.cookies = page.cookies
    return response
