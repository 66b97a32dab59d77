"""The response to somebody who meets a limit in ACCOUNT_RATE_LIMITS. This is the root URLconf's `handler429`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.metrics import count_limit


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Return the page, and count the limit by the name of the page's route, such as ``account_signup``."""
    match = request.resolver_match
    count_limit((match and match.url_name) or "page")
    return render(request, "429.html", status=429)
