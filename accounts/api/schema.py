"""The security schemes in the OpenAPI documents, generated from the credential table."""

from typing import Any

from django.urls import reverse
from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.settings import oauth2_settings

from accounts.credentials import Admission, admission_to, operation_key
from accounts.principals import Method
from accounts.sessions import documented_session_cookie

BEARER = {"type": "http", "scheme": "bearer"}
NAMES = {
    Method.SESSION: "session",
    Method.JWT: "jwt",
    Method.OAUTH2: "oauth2",
    Method.CLIENT: "oauth2Client",
    Method.API_KEY: "apiKey",
}


class CredentialScheme(OpenApiAuthenticationExtension):
    """The kinds of credential that the table accepts. A request needs one of them."""

    target_class = "accounts.authentication.CredentialAuthentication"
    match_subclasses = True
    names = NAMES
    name = [*names.values()]
    api_key: dict[str, str] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Return the schemes of all kinds of credential.

        ``without_unused_schemes`` later removes the schemes that a document does not use.
        """
        definitions: dict[Method, dict[str, Any]] = {
            Method.SESSION: {"type": "apiKey", "in": "cookie", "name": documented_session_cookie(auto_schema.path)},
            Method.JWT: BEARER | {"bearerFormat": "JWT", "description": "A token from a trusted identity provider."},
            Method.OAUTH2: person_scheme(),
            Method.CLIENT: client_scheme(),
            Method.API_KEY: self.api_key,
        }
        return [definitions[kind] for kind in self.names]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """Return the schemes that the operation accepts. For a public operation, add ``{}`` (no credential)."""
        admission = admission_to(operation_key(auto_schema.view))
        nobody: list[dict[str, list[str]]] = [{}] if admission.public else []
        return [
            {name: scopes(kind, admission)} for kind, name in self.names.items() if kind in admission.kinds
        ] + nobody


class BearerScheme(CredentialScheme):
    """The security schemes of APIs that accept only bearer tokens.

    In these APIs, clients exchange an API key for a token first.
    """

    target_class = "accounts.authentication.BearerAuthentication"
    priority = 1
    names = NAMES | {Method.API_KEY: "apiToken"}
    name = [*names.values()]
    api_key = BEARER | {"description": "A token from `oauth2/token` below this API's path, in exchange for an API key."}


def scopes(kind: Method, admission: Admission) -> list[str]:
    """Return a list with the scope that an OAuth token needs.

    If one of several scopes is enough, return an empty list, because OpenAPI would require all of them.
    """
    needed = kind in (Method.OAUTH2, Method.CLIENT) and len(admission.scopes) == 1
    return [*admission.scopes] if needed else []


def person_scheme() -> dict[str, Any]:
    """Return the scheme of our OAuth tokens that act on behalf of a person."""
    token = reverse("oauth2_provider:token")
    flow = {"authorizationUrl": reverse("oauth2_provider:authorize"), "tokenUrl": token, "refreshUrl": token}
    return oauth2("A token from this service's authorization server, on behalf of a person.", authorizationCode=flow)


def client_scheme() -> dict[str, Any]:
    """Return the scheme of our OAuth tokens that act for a system user."""
    flow = {"tokenUrl": reverse("oauth2_provider:token")}
    return oauth2("A token from the same server, by client credentials, for a system user.", clientCredentials=flow)


def oauth2(description: str, **flows: dict[str, Any]) -> dict[str, Any]:
    """Return the scheme with its flows. Each scope is described by its English label from the consent page."""
    with translation.override("en"):
        words = {name: str(text) for name, text in oauth2_settings.SCOPES.items()}
    return {
        "type": "oauth2",
        "description": description,
        "flows": {name: {**flow, "scopes": words} for name, flow in flows.items()},
    }
