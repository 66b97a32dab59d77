"""The OAuth endpoints that issue and revoke tokens. Error responses follow RFC 6749, section 5.2."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views import RevokeTokenView, TokenView

from core.api.errors import Problem


class ClientEndpoint:
    """The base of the OAuth endpoints for clients.

    Responses are always JSON and must not be cached. A 401 response asks for HTTP Basic authentication.
    """

    @method_decorator(csrf_exempt)  # clients send their own credentials and no cookies
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Reject NUL characters, and parameters in the query string, because query strings are logged."""
        if request.META["QUERY_STRING"]:
            return oauth_error("Send parameters in the body, not in the query.")
        if any("\x00" in value for _, values in request.POST.lists() for value in values):
            return oauth_error("Parameters must not contain NUL characters.")
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        response["Cache-Control"] = "no-store"
        if response.content:
            response["Content-Type"] = "application/json"
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Basic realm="oauth2"'
        return response


class Token(ClientEndpoint, TokenView):
    """Exchange authorization codes, refresh tokens and client credentials for access tokens."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Issue tokens. The server metadata lists the grant types."""
        grant_type = request.POST.get("grant_type")
        if not grant_type:  # an empty value counts as missing (RFC 6749, section 3.2)
            return oauth_error("A grant_type is required.")
        if grant_type not in oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED:
            return oauth_error("This grant_type is not supported.", error="unsupported_grant_type")
        with transaction.atomic():  # the code is used up only if the token is issued
            return self.authorization_flow_token_response(request)


class Revoke(ClientEndpoint, RevokeTokenView):
    """Revoke a token of the client (RFC 7009)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Revoke the token. The response is the same if the token does not exist."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        response.content = response.content or b"{}"
        return response


def oauth_error(reason: str, *, error: str = "invalid_request") -> JsonResponse:
    """Return a 400 response with an OAuth error."""
    body = {"error": error, "error_description": reason}
    return JsonResponse(body, status=400, headers={"Cache-Control": "no-store"})


def oauth_error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """Return the body of an error outside of these views, such as an unsupported method."""
    error = "server_error" if problem.status >= 500 else "invalid_request"
    return {"error": error, "error_description": problem.sentence}
