"""JSON errors for failures outside of API views (unknown paths, rejected requests, crashes), and CORS.

The root URLconf maps path prefixes to `ErrorBody` functions in `error_bodies`. Every failure below a prefix gets a JSON
body from that function, even where Django itself would return an HTML page.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import get_resolver
from django.views.defaults import bad_request as default_bad_request
from django.views.defaults import page_not_found
from django.views.defaults import server_error as default_server_error

from core.errors import Unavailable
from core.large_requests import TOO_LARGE, refuse_too_large

from .errors import ErrorBody, Problem, problem_of, problem_of_status, row_of

logger = logging.getLogger(__name__)

# A redirect would let a client keep sending its credential in clear text, unnoticed.
HTTPS_REQUIRED = Problem(403, "https_required", "Use https. Replace a credential that was sent over http.")
DOCUMENTATION_PAGES = ("/docs", "/redoc")
BODY_HEADERS = {"content-type", "content-length", "content-encoding", "content-disposition"}


class ApiErrorMiddleware:
    """Return JSON for every failure below an API prefix.

    List this before the other middleware except `RequestContextMiddleware`, so that it processes their responses. It
    keeps the headers that they have set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Reject requests that Django would misread, and replace error responses that are not JSON."""
        error_body = error_body_of(request.path_info)
        if error_body is None:
            return self.get_response(request)
        if "\x00" in request.path_info:
            return not_found(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and not _is_page(request):
            return error_response(HTTPS_REQUIRED, error_body, request)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            # A chunked body (RFC 9112, 6.3) has no Content-Length, so Django would ignore the body.
            return error_response(problem_of_status(411), error_body, request)
        response = self.get_response(request)
        if response.status_code < 400 or "json" in response.get("Content-Type", ""):
            return response
        return replace_body(response, error_response(problem_of_status(response.status_code), error_body, request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return 413 for a body that is too large, and 503 if the database connection is lost.

        REST framework's views return the same statuses. Django itself would return 400 and 500.
        """
        error_body = error_body_of(request.path_info)
        if error_body is None or row_of(exception).status not in (413, 503):
            return None
        return error_response(problem_of(exception), error_body, request)


class ApiCorsMiddleware(CorsMiddleware):
    """Allow the origins in `CORS_ALLOWED_ORIGINS` to call the APIs, but not to read pages.

    The APIs are the prefixes in `error_bodies`.
    """

    def is_enabled(self, request: HttpRequest) -> bool:
        """Return whether the path belongs to an API."""
        return error_body_of(request.path_info) is not None


def _is_page(request: HttpRequest) -> bool:
    """Return whether people open this URL in a browser. Such a request is redirected to https like every page."""
    return request.method in ("GET", "HEAD") and request.path_info.rstrip("/").endswith(DOCUMENTATION_PAGES)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Return a JSON 404 below an API prefix, else Django's 404 page. This is the root URLconf's `handler404`."""
    error_body = error_body_of(request.path_info)
    if error_body is None:
        return page_not_found(request, exception or Http404())
    return error_response(problem_of_status(404), error_body, request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Return the response for a malformed request. This is the root URLconf's `handler400`."""
    if row_of(exception).status == HTTPStatus.SERVICE_UNAVAILABLE:  # see `unmasked`
        return unavailable(request, exception)
    if isinstance(exception, TOO_LARGE) and error_body_of(request.path_info) is None:
        return refuse_too_large(request)
    return default_bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Return the response for an exception outside of views. This is the root URLconf's `handler500`.

    If the database or the cache does not respond, middleware raises the same errors as views do.
    """
    exception = sys.exception()
    if exception is None or row_of(exception).status != HTTPStatus.SERVICE_UNAVAILABLE:
        return default_server_error(request)
    return unavailable(request, exception)


def unavailable(request: HttpRequest, exception: BaseException) -> HttpResponseBase:
    """Return a 503 below an API prefix in the format of the API, else a page. Neither needs the database."""
    problem, error_body = problem_of(exception), error_body_of(request.path_info)
    if isinstance(exception, Unavailable):
        logger.warning("unavailable", extra={"error": type(exception).__name__}, exc_info=exception)
    if error_body is not None:
        return error_response(problem, error_body, request)
    # Without the request, whose user and messages would be read from the database.
    page = render_to_string("503.html")
    return HttpResponse(page, status=problem.status, headers={**problem.headers, "Cache-Control": "no-store"})


def error_body_of(path: str) -> ErrorBody | None:
    """Return the `ErrorBody` of the longest API prefix that matches the path, or None if no prefix matches."""
    bodies: Mapping[str, ErrorBody] = getattr(get_resolver().urlconf_module, "error_bodies", {})
    prefixes = [prefix for prefix in bodies if path == prefix or path.startswith(f"{prefix}/")]
    return bodies[max(prefixes, key=len)] if prefixes else None


def error_response(problem: Problem, error_body: ErrorBody, request: HttpRequest) -> JsonResponse:
    """Return the response for a problem outside of REST framework.

    Forbid caching, because the response may contain data about the caller.
    """
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
    """Copy the headers and cookies of the replaced page to the response, except headers that describe the body."""
    for name, value in page.items():
        if name.lower() not in BODY_HEADERS:
            response[name] = value
    response.cookies = page.cookies
    return response
