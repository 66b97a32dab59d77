"""The token endpoint for the vendor's published clients.

It differs from our OAuth token endpoint in three ways. Parameters may be JSON. The grant type `api_token` exchanges an
API key. A client without a secret may identify itself in the `Authorization` header.
"""

import base64
import binascii
from http.client import responses
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.settings import oauth2_settings

from accounts.oauth.token_endpoint import Token, oauth_error
from core.api.parsers import MalformedBody, parse_document
from core.api.query import object_schema
from core.api.schema import RETRY_AFTER, response
from orgs.authentication import TOKEN_LIFETIME, token_for_key

API_TOKEN = "api_token"  # noqa: S105 - the name of the grant type and of its parameter, not a password
TEXT = {"type": "string"}
SCOPE = TEXT | {"description": "The scopes, separated by spaces."}

# Schema

PARAMETERS = object_schema(
    grant_type={"type": "string", "enum": [API_TOKEN, *oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED]},
    code=TEXT | {"description": "The authorization code."},
    client_secret=TEXT | {"description": "The secret of the OAuth client."},
    scope=SCOPE,
    **dict.fromkeys((API_TOKEN, "code_verifier", "redirect_uri", "refresh_token", "client_id"), TEXT),
) | {"required": ["grant_type"]}
TOKEN = object_schema(
    access_token=TEXT,
    token_type={"type": "string", "const": "Bearer"},
    expires_in={"type": "integer", "minimum": 1},
    refresh_token=TEXT,
    scope=SCOPE,
) | {"required": ["access_token", "token_type", "expires_in"]}
REFUSAL = object_schema(error=TEXT, error_description=TEXT) | {"required": ["error"]}
EXAMPLE = {"grant_type": API_TOKEN, API_TOKEN: "pw_…"}
GET_TOKEN = {
    "operationId": "get-access-token",
    "summary": "Get an access token",
    "description": "Like `/oauth2/token` (RFC 6749, sections 3.2 and 5). In addition, parameters may be JSON, the "
    "grant `api_token` exchanges an API key, and a client without a secret may use `Basic` with an empty password.",
    "tags": ["Access tokens"],
    "security": [{}],
    "requestBody": {
        "required": True,
        # JSON is left out for the same reason as forms in `OperationSchema.map_parsers`.
        "content": {
            "application/x-www-form-urlencoded": {"schema": PARAMETERS, "examples": {"Example": {"value": EXAMPLE}}}
        },
    },
    "responses": {
        "200": response("OK", TOKEN),
        **{str(status): response(responses[status], REFUSAL) for status in (400, 401, 413, 414, 431)},
        "503": response(responses[503], REFUSAL) | {"headers": RETRY_AFTER},
    },
}

# View


class UpsunToken(Token):
    """Exchange an API key, a code, a refresh token or client credentials for an access token."""

    @method_decorator(csrf_exempt)  # as in the parent class
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Convert a JSON request to a form request, and move the client ID to the form."""
        if request.method == "POST":
            try:
                form = form_of(request)
            except MalformedBody as error:
                return oauth_error(str(error))
            request.POST = form  # type: ignore[assignment]  # django-stubs declares POST read-only
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Exchange an API key. The parent class handles the other grant types."""
        if request.POST.get("grant_type") == API_TOKEN:
            return exchange(request.POST.get(API_TOKEN, ""))
        return super().post(request, *args, **kwargs)


def exchange(secret: str) -> HttpResponse:
    """Return a response with an access token for an API key, or an error."""
    token = token_for_key(secret)
    if token is None:
        return oauth_error("This API token is not valid.", error="invalid_grant")
    return JsonResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME.seconds})


def form_of(request: HttpRequest) -> QueryDict:
    """Return the parameters of a form or JSON body. Raises MalformedBody."""
    form = request.POST.copy()
    if request.content_type == "application/json":
        document = parse_document(request.body)
        if not all(isinstance(value, str) for value in document.values()):
            raise MalformedBody("Every parameter must be a string.")
        form.update(document)
    client_id = client_without_secret(request)
    if client_id:
        form.setdefault("client_id", client_id)
        del request.META["HTTP_AUTHORIZATION"]
    return form


def client_without_secret(request: HttpRequest) -> str | None:
    """Return the client ID from `Basic` credentials with an empty secret. Such a client is not authenticated."""
    scheme, _, credential = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote_plus(client_id) if scheme.lower() == "basic" and not secret else None
