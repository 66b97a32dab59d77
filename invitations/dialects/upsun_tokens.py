"""Where Upsun's published clients get their tokens: our token endpoint, in the form that they speak.

They send JSON, know the grant ``api_token`` (here it takes an API key), and name a client without a secret in the
``Authorization`` header. All else is as at the endpoint that speaks RFC 6749 to the letter.
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

from accounts.oauth.token_endpoint import Token, refused
from core.api.parsers import MalformedBody, parse_document
from core.api.query import object_schema
from core.api.schema import RETRY_AFTER, response
from orgs.authentication import TOKEN_LIFETIME, token_for_key

API_TOKEN = "api_token"  # noqa: S105 - the name of the grant and of its parameter
TEXT = {"type": "string"}

# Schema

PARAMETERS = object_schema(
    grant_type={"type": "string", "enum": [API_TOKEN, *oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED]},
    **dict.fromkeys(
        (API_TOKEN, "code", "code_verifier", "redirect_uri", "refresh_token", "client_id", "client_secret", "scope"),
        TEXT,
    ),
) | {"required": ["grant_type"]}
TOKEN = object_schema(
    access_token=TEXT,
    token_type={"type": "string", "const": "Bearer"},
    expires_in={"type": "integer", "minimum": 1},
    refresh_token=TEXT,
    scope=TEXT,
) | {"required": ["access_token", "token_type", "expires_in"]}
REFUSAL = object_schema(error=TEXT, error_description=TEXT) | {"required": ["error"]}
GET_TOKEN = {
    "operationId": "get-access-token",
    "summary": "Get an access token",
    "description": "After RFC 6749, sections 3.2 and 5, as at `/oauth2/token`. Besides, parameters may come as JSON, "
    "the grant `api_token` takes an API key, and a client without a secret names itself by `Basic` with an empty one.",
    "tags": ["oauth2"],
    "security": [{}],
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": PARAMETERS} for kind in ("application/x-www-form-urlencoded", "application/json")},
    },
    "responses": {
        "200": response("OK", TOKEN),
        **{str(status): response(responses[status], REFUSAL) for status in (400, 401, 413)},
        "503": response(responses[503], REFUSAL) | {"headers": RETRY_AFTER},
    },
}

# View


class UpsunToken(Token):
    """API keys, codes, refresh tokens and client credentials become access tokens."""

    @method_decorator(csrf_exempt)  # as at the endpoint itself
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Understand what the vendor's clients send, then answer as ever."""
        if request.method == "POST":
            try:
                form = form_of(request)
            except MalformedBody as error:
                return refused(str(error))
            request.POST = form  # type: ignore[assignment]  # Django's own is a property that takes any
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Exchange an API key; the other grants are known already."""
        if request.POST.get("grant_type") == API_TOKEN:
            return exchange(request.POST.get(API_TOKEN, ""))
        return super().post(request, *args, **kwargs)


def exchange(secret: str) -> HttpResponse:
    """A token for an API key."""
    token = token_for_key(secret)
    if token is None:
        return refused("This API token does not hold.", error="invalid_grant")
    return JsonResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME.seconds})


def form_of(request: HttpRequest) -> QueryDict:
    """The parameters, whether they came as a form or as JSON; raises MalformedBody."""
    form = request.POST.copy()
    if request.content_type == "application/json":
        document = parse_document(request.body)
        if not all(isinstance(value, str) for value in document.values()):
            raise MalformedBody("Every parameter is a text.")
        form.update(document)
    client_id = client_without_secret(request)
    if client_id:
        form.setdefault("client_id", client_id)
        del request.META["HTTP_AUTHORIZATION"]
    return form


def client_without_secret(request: HttpRequest) -> str | None:
    """The client that ``Basic`` names with an empty secret: it is public, and proves nothing by it."""
    scheme, _, credential = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote_plus(client_id) if scheme.lower() == "basic" and not secret else None
