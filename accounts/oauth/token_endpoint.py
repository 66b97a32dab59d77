"""Where OAuth clients get and give back tokens; whatever goes wrong is said as RFC 6749, section 5.2 has it."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views import RevokeTokenView, TokenView

from core.api.errors import Problem


class Answered:
    """JSON always, never stored, and a 401 that asks for what clients authenticate with."""

    @method_decorator(csrf_exempt)  # a client shows its credentials, and no cookie counts
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take parameters from the body alone, where no log finds them, and none that no database can look for."""
        if request.META["QUERY_STRING"]:
            return refused("Parameters belong into the body.")
        if any("\x00" in value for _, values in request.POST.lists() for value in values):
            return refused("A parameter holds a NUL character.")
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        response["Cache-Control"] = "no-store"
        if response.content:
            response["Content-Type"] = "application/json"
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Basic realm="PerfectWorks"'
        return response


class Token(Answered, TokenView):
    """Codes, refresh tokens and client credentials become access tokens."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Issue, or refuse: the grants that the metadata names are all there are."""
        grant_type = request.POST.get("grant_type")
        if not grant_type:  # or an empty one, which counts as none (RFC 6749, section 3.2)
            return refused("A grant_type is required.")
        if grant_type not in oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED:
            return refused("This grant_type is not known here.", error="unsupported_grant_type")
        with transaction.atomic():  # what is shown is used up with what is issued for it
            return self.authorization_flow_token_response(request)


class Revoke(Answered, RevokeTokenView):
    """A client ends a token of its own (RFC 7009)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End it, if there is one; there is nothing to say about that."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        response.content = response.content or b"{}"
        return response


def refused(reason: str, *, error: str = "invalid_request") -> JsonResponse:
    """What a request that cannot be granted by anybody is told."""
    body = {"error": error, "error_description": reason}
    return JsonResponse(body, status=400, headers={"Cache-Control": "no-store"})


def oauth_error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """For refusals that no endpoint gives itself, such as another method than POST."""
    error = "server_error" if problem.status >= 500 else "invalid_request"
    return {"error": error, "error_description": problem.sentence}
