"""The API key as a credential: ``X-API-Key``."""

from functools import partial

from rest_framework.request import Request

from accounts.authentication import Verifier
from accounts.jwt.tokens import InvalidCredentials
from accounts.principals import Principal
from orgs.actions.api_keys import authenticate


def read_api_key(request: Request) -> Verifier | None:
    """The key in the header; an empty one is a credential too, and does not hold."""
    secret = request.META.get("HTTP_X_API_KEY")
    return None if secret is None else partial(key_principal, secret)


def key_principal(secret: str) -> Principal:
    """The member whose key this is; raises InvalidCredentials for a key that does not hold."""
    principal = authenticate(secret)
    if principal is None:
        raise InvalidCredentials
    return principal
