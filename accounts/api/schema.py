"""Credentials in the OpenAPI documents: what each operation accepts is what the credential table says."""

from typing import Any

from django.urls import reverse
from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.settings import oauth2_settings

from accounts.credentials import Admission, admission_to, operation_key
from accounts.principals import Method

BEARER = {"type": "http", "scheme": "bearer"}
NAMES = {
    Method.SESSION: "session",
    Method.JWT: "jwt",
    Method.OAUTH2: "oauth2",
    Method.CLIENT: "oauth2Client",
    Method.API_KEY: "apiKey",
}


class CredentialScheme(OpenApiAuthenticationExtension):
    """Any one of the kinds that the table allows: alternatives, each a requirement of its own."""

    target_class = "accounts.authentication.CredentialAuthentication"
    match_subclasses = True
    names = NAMES
    name = [*names.values()]
    api_key: dict[str, str] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Every kind; those that no operation of a document names are left out of it (``without_unused_schemes``)."""
        definitions: dict[Method, dict[str, Any]] = {
            Method.SESSION: {"type": "apiKey", "in": "cookie", "name": "session_id"},
            Method.JWT: BEARER | {"bearerFormat": "JWT", "description": "Of a trusted identity provider."},
            Method.OAUTH2: of_a_person(),
            Method.CLIENT: of_a_program(),
            Method.API_KEY: self.api_key,
        }
        return [definitions[kind] for kind in self.names]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """The kinds for the operation that is being described; an empty one where nobody need show any."""
        admission = admission_to(operation_key(auto_schema.view))
        nobody: list[dict[str, list[str]]] = [{}] if admission.public else []
        return [
            {name: scopes(kind, admission)} for kind, name in self.names.items() if kind in admission.kinds
        ] + nobody


class BearerScheme(CredentialScheme):
    """Where nothing but bearer tokens is read: an API key gets in by what it is exchanged for."""

    target_class = "accounts.authentication.BearerAuthentication"
    priority = 1
    names = NAMES | {Method.API_KEY: "apiToken"}
    name = [*names.values()]
    api_key = BEARER | {"description": "Given for an API key at `oauth2/token`, below the path of this API."}


def scopes(kind: Method, admission: Admission) -> list[str]:
    """The scope that an OAuth token needs; none where one of several does, since OpenAPI would mean all of them."""
    needed = kind in (Method.OAUTH2, Method.CLIENT) and len(admission.scopes) == 1
    return [*admission.scopes] if needed else []


def of_a_person() -> dict[str, Any]:
    """A token of our authorization server that a person lets a program use."""
    token = reverse("oauth2_provider:token")
    flow = {"authorizationUrl": reverse("oauth2_provider:authorize"), "tokenUrl": token, "refreshUrl": token}
    return oauth2("Of this service's own authorization server, for a person.", authorizationCode=flow)


def of_a_program() -> dict[str, Any]:
    """A token of our authorization server that has no person behind it."""
    flow = {"tokenUrl": reverse("oauth2_provider:token")}
    return oauth2("Of the same, by client credentials: for no person.", clientCredentials=flow)


def oauth2(description: str, **flows: dict[str, Any]) -> dict[str, Any]:
    """The flows with every scope in the words of the consent page, in English like all of a document."""
    with translation.override("en"):
        words = {name: str(text) for name, text in oauth2_settings.SCOPES.items()}
    return {
        "type": "oauth2",
        "description": description,
        "flows": {name: {**flow, "scopes": words} for name, flow in flows.items()},
    }
