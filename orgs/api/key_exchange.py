"""An API key in exchange for a bearer token that lives a quarter of an hour.

Nothing is stored: the token is the key's id, signed. The key is asked again each time the token is shown, so that the
token can do what the key can, where the key can, and ends with it.
"""

from datetime import timedelta
from uuid import UUID

from django.core import signing

from accounts.principals import Principal
from orgs.actions.api_keys import authenticate, authenticate_by_id

TOKEN_LIFETIME = timedelta(minutes=15)
_SIGNER = signing.TimestampSigner(salt="orgs.key_exchange")


def token_for_key(secret: str) -> str | None:
    """A token for whoever has the key's secret; None when the key does not hold."""
    principal = authenticate(secret)
    return None if principal is None else _SIGNER.sign(str(principal.credential_id))


def key_token_principal(token: str) -> Principal | None:
    """The member whose key was exchanged; None for another kind of token, an old one, or one whose key is gone."""
    try:
        key_id = _SIGNER.unsign(token, max_age=TOKEN_LIFETIME)
    except signing.BadSignature:
        return None
    return authenticate_by_id(UUID(key_id))
