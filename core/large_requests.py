"""What pages answer to a form that is larger than Django accepts: the same page again, with what to do."""

from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
ADVICE = _(
    "That was too much for this form. If you pasted a long list, save it as a file, and choose the file instead."
)


def refuse_too_large(request: HttpRequest) -> HttpResponseBase:
    """Show the page of the form as a GET request does, with a message. Nothing of the form was read.

    If the address has no page, show a page that says the same.
    """
    messages.error(request, ADVICE, fail_silently=True)
    page = _page_of_form(request)
    if page is None or page.status_code >= HTTPStatus.BAD_REQUEST:
        return too_large_page(request)
    if page.status_code == HTTPStatus.OK:
        page.status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return page


def too_large_page(request: HttpRequest) -> HttpResponse:
    """Return a page that says that the request was too large."""
    return render(request, "413.html", {"advice": ADVICE}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _page_of_form(request: HttpRequest) -> HttpResponseBase | None:
    match = request.resolver_match
    if match is None:
        return None
    request.method = "GET"
    try:
        return match.func(request, *match.args, **match.kwargs)
    except (Http404, PermissionDenied):
        return None
