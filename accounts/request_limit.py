"""The general limit of requests to the APIs, per credential.

The settings list this throttle and this middleware only if ``REQUEST_LIMIT_PER_CREDENTIAL`` is set. Otherwise, nothing
asks whether there is a limit.
"""

import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.principals import Principal
from core.errors import LimitReached
from core.metrics import count_request_without_limit
from core.redis_counter import RedisCounter

#: The key in the WSGI environment with the headers of the response.
HEADERS_KEY = "perfectworks.rate_limit_headers"
counter = RedisCounter()


class RequestLimitReached(LimitReached):
    """There were too many requests with this credential. `Retry-After` says how long to wait."""

    message = "There were too many requests with this credential. Wait as many seconds as Retry-After says."


class CredentialThrottle(BaseThrottle):
    """Count the requests of each credential, and refuse those above the limit.

    A request without a credential is not counted. While Redis does not respond, every request passes.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True. Raises RequestLimitReached."""
        allowed = settings.REQUEST_LIMIT_PER_CREDENTIAL
        if allowed is None or not isinstance(request.auth, Principal):
            return True
        limit, seconds = allowed
        counted = counter.count(f"requests:{seconds}:{identity(request.auth)}", seconds)
        if counted is None:
            count_request_without_limit()
            return True
        count, wait = counted[0], max(1, math.ceil(counted[1]))
        request.META[HEADERS_KEY] = rate_limit_headers(limit, seconds, max(0, limit - count), wait)
        if count > limit:
            raise RequestLimitReached(retry_after=wait, limit=limit)
        return True


def identity(principal: Principal) -> str:
    """Return what has a limit of its own: an API key, a person's use of an application, or the person.

    It stays the same when a token is refreshed, a key is exchanged for a token, or the person signs in again.
    """
    user_id = principal.user.pk if principal.user else None
    return f"{principal.method}:{principal.credential_id}:{user_id}"


def rate_limit_headers(limit: int, seconds: int, remaining: int, wait: int) -> dict[str, str]:
    """Return the headers in the form that draft-ietf-httpapi-ratelimit-headers has since version 8."""
    return {
        "RateLimit-Policy": f'"credential";q={limit};w={seconds}',
        "RateLimit": f'"credential";r={remaining};t={wait}',
    }


class RequestLimitMiddleware:
    """Add the headers to the responses of requests that were counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response with the headers."""
        response = self.get_response(request)
        for name, value in request.META.get(HEADERS_KEY, {}).items():
            response.headers[name] = value
        return response
