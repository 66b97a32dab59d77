"""API keys as credentials: in the ``X-API-Key`` header, or exchanged for a short-lived bearer token.

The token is the signed id of the key. It is not stored. Every request with the token loads the key, so the token has
the key's current permissions and is not valid when the key is not valid.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core import signing
from rest_framework.request import Request

from accounts.authentication import Verifier
from accounts.jwt.tokens import InvalidCredentials
from accounts.principals import Principal
from orgs.actions.api_keys import authenticate, authenticate_by_id

TOKEN_LIFETIME = timedelta(minutes=15)


def read_api_key(request: Request) -> Verifier | None:
    """Return a function that authenticates the key in the header, or None if there is no header.

    An empty header counts as an invalid key.
    """
    secret = request.META.get("HTTP_X_API_KEY")
    return None if secret is None else partial(key_principal, secret)


def key_principal(secret: str) -> Principal:
    """Return the principal of the key's member. Raises InvalidCredentials if the key is not valid."""
    principal = authenticate(secret)
    if principal is None:
        raise InvalidCredentials
    return principal


def token_for_key(secret: str) -> str | None:
    """Return a token for the key with this secret, or None if the key is not valid."""
    principal = authenticate(secret)
    return None if principal is None else _signer().sign(str(principal.credential_id))


def key_token_principal(token: str) -> Principal | None:
    """Return the principal of the key that the token was issued for.

    Return None if the token is of another kind or expired, or if its key is no longer valid.
    """
    try:
        key_id = _signer().unsign(token, max_age=TOKEN_LIFETIME)
    except signing.BadSignature:
        return None
    return authenticate_by_id(UUID(key_id))


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="orgs.key_exchange")
