"""The response to somebody who meets a limit in ACCOUNT_RATE_LIMITS. This is the root URLconf's `handler429`."""

from allauth.core.internal.ratelimit import handler429
from django.http import HttpRequest, HttpResponse

from core.metrics import count_limit


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Return the page, and count the limit by the name of the page's route, such as ``account_signup``."""
    match = request.resolver_match
    count_limit((match and match.url_name) or "page")
    response: HttpResponse = handler429(request)
    return response
