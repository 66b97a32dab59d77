"""Responses to requests that the web server refuses, such as malformed ones and those with an overlong URL."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from core.api.errors import problem_of_status
from core.api.middleware import error_body_of, error_response
from core.large_requests import too_large_page

#: The key in the WSGI environment with which the web server says that it refuses the request, and with which status.
REFUSED_STATUS = "perfectworks.refused_status"


class RefusedRequestMiddleware:
    """Return the error in the format of the API, or as a page.

    In MIDDLEWARE, list it before all code that uses headers or the body, because those of a refused request cannot be
    relied on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the error response of a refused request."""
        status = request.META.get(REFUSED_STATUS)
        if status is None:
            return self.get_response(request)
        error_body = error_body_of(request.path_info)
        if error_body is None:
            if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return too_large_page(request)
            return render(request, "400.html", status=HTTPStatus(status))
        return error_response(problem_of_status(status), error_body, request)
