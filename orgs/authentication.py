"""API keys as credentials: in the ``X-API-Key`` header, or exchanged for a short-lived bearer token.

The token is not stored: it is the key's id, signed. The key is loaded on every request that presents the token, so the
token has the key's current permissions and stops working when the key does.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core import signing
from rest_framework.request import Request

from accounts.authentication import Judge
from accounts.jwt.tokens import InvalidCredentials
from accounts.principals import Principal
from orgs.actions.api_keys import authenticate, authenticate_by_id

TOKEN_LIFETIME = timedelta(minutes=15)
_SIGNER = signing.TimestampSigner(salt="orgs.key_exchange")


def read_api_key(request: Request) -> Judge | None:
    """Return a function that authenticates the key in the header; None without the header.

    An empty header counts as an invalid key.
    """
    secret = request.META.get("HTTP_X_API_KEY")
    return None if secret is None else partial(key_principal, secret)


def key_principal(secret: str) -> Principal:
    """Return the principal of the key's member; raises InvalidCredentials when the key is not valid."""
    principal = authenticate(secret)
    if principal is None:
        raise InvalidCredentials
    return principal


def token_for_key(secret: str) -> str | None:
    """Return a token for the key with this secret; None when the key is not valid."""
    principal = authenticate(secret)
    return None if principal is None else _SIGNER.sign(str(principal.credential_id))


def key_token_principal(token: str) -> Principal | None:
    """Return the principal of the key that the token was issued for.

    None for a token of another kind, an expired token, or one whose key is no longer valid.
    """
    try:
        key_id = _SIGNER.unsign(token, max_age=TOKEN_LIFETIME)
    except signing.BadSignature:
        return None
    return authenticate_by_id(UUID(key_id))
