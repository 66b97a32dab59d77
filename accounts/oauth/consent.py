"""The consent page for OAuth clients (RFC 6749, section 4.1, with PKCE from RFC 7636)."""

import re
from typing import Any, cast
from urllib.parse import urlsplit

from csp.constants import SELF
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from oauth2_provider.scopes import get_scopes_backend
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import (
    AccessDeniedError,
    FatalClientError,
    InvalidRequestError,
    InvalidRequestFatalError,
    OAuth2Error,
)

from accounts.actions.oauth_access import let_in
from accounts.models import OAuthApplication, User
from accounts.sessions import session_principal
from core.pages import widen_policy
from events.models import Event

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # base64url of a SHA-256


@method_decorator(never_cache, name="dispatch")
class Consent(LoginRequiredMixin, OAuthLibMixin, TemplateView):
    """The authorization endpoint. GET shows the request, and POST accepts or declines it.

    GET and POST both read the request from the query string only, so the person grants exactly what the page showed. If
    the client or the redirect URI is wrong, an error page is shown. Any other error is sent to the client. Every
    redirect to the client has the parameter ``iss`` (RFC 9207).
    """

    template_name = "oauth2_provider/authorize.html"
    http_method_names = ("get", "post", "head", "options")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Validate the request. If an error is to be sent to the client, the person must sign in first."""
        try:
            self.scopes, self.asked = self._read()
        except FatalClientError as error:
            return self.render_to_response({"error": error}, status=400)
        except OAuth2Error as error:
            if request.user.is_authenticated:
                return to_client(error.in_uri(error.redirect_uri))
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the client and the labels of the requested scopes."""
        words = get_scopes_backend().get_all_scopes()
        return super().get_context_data(
            application=self._application(),
            scopes_descriptions=[words[scope] for scope in self.scopes],
            client_origin=origin_of(self.asked["redirect_uri"]),
            **kwargs,
        )

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Render the page, and allow the client's origin in ``form-action``.

        Browsers also apply ``form-action`` to the redirect after the form is submitted.
        """
        response = super().render_to_response(context, **kwargs)
        if "client_origin" in context:
            widen_policy(response, {"form-action": [SELF, context["client_origin"]]})
        return response

    def post(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the client with a code, or with the error `access_denied`."""
        if request.POST.get("answer") != "allow":
            return to_client(AccessDeniedError(state=self.asked["state"]).in_uri(self.asked["redirect_uri"]))
        by = session_principal(request)
        if by is None:
            return self.handle_no_permission()
        with transaction.atomic():
            let_in(cast("User", request.user), self._application(), self.scopes)
            headers, _, _ = self.get_server().create_authorization_response(
                self._uri(), scopes=self.scopes, credentials={**self.asked, "user": request.user}
            )
            Event.objects.record(
                "oauth_application.authorized", by=by, subject=self._application(), scopes=sorted(self.scopes)
            )
        return to_client(headers["Location"])

    def _read(self) -> tuple[list[str], dict[str, Any]]:
        """Return the scopes and parameters of a valid request. Raises OAuth2Error if the request is not valid."""
        if any("\x00" in value for _, values in self.request.GET.lists() for value in values):
            raise InvalidRequestFatalError("Parameters must not contain NUL characters.")
        scopes, asked = self.get_server().validate_authorization_request(self._uri())
        request = asked.pop("request")
        if asked.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(asked["code_challenge"]):
            raise InvalidRequestError("A code_challenge of method S256 is required.", request=request)
        return scopes, asked

    def _uri(self) -> str:
        """Return the requested URL with normalized percent-encoding."""
        return f"{self.request.path}?{self.request.GET.urlencode()}"

    def _application(self) -> OAuthApplication:
        return OAuthApplication.objects.get(client_id=self.asked["client_id"])


def to_client(uri: str) -> HttpResponse:
    """Redirect to the client with the parameter ``iss``."""
    return HttpResponseRedirect(add_params_to_uri(uri, [("iss", settings.PUBLIC_BASE_URL)]))


def origin_of(uri: str) -> str:
    """Return the scheme and host of a URI, in the form that a Content-Security-Policy needs."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
