"""Our OAuth validator: checks beyond those of django-oauth-toolkit.

Codes are stored as hashes, like tokens. If a code is used twice, the tokens issued for it are revoked (RFC 6749,
section 4.1.2); their ``token_family`` is derived from the code. Inactive users get no tokens.

A client may lose scopes and redirect URIs (``orgs.oauth.applications.update_application``) after a code was issued.
It does not get the lost scopes. It gets no token if no scope is left or if the code's redirect URI was removed.

Codes and refresh tokens are checked with the person's ``ApplicationAccess`` row locked, in the transaction that issues
the token (``accounts.oauth.token_endpoint``). If the same code is sent twice, the second request waits and fails.
"""

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from oauth2_provider.models import AbstractRefreshToken, get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2 import InvalidGrantError
from oauthlib.oauth2.rfc6749.utils import scope_to_list

from accounts.actions.oauth_access import lock_access
from accounts.models import OAuthApplication


class OAuthValidator(OAuth2Validator):
    """django-oauth-toolkit's validator with our checks. oauthlib calls its methods."""

    def _extract_basic_auth(self, request: Request) -> str | None:
        """Return the credential, or None if it cannot be Base64."""
        credential: str | None = super()._extract_basic_auth(request)
        return credential if credential and credential.isascii() else None

    def _load_application(self, client_id: str | None, request: Request) -> OAuthApplication | None:
        """Return the application. PostgreSQL cannot look up NUL, so such an id is unknown."""
        return None if "\x00" in (client_id or "") else super()._load_application(client_id, request)

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Request, *args: Any) -> None:
        """Store the code as a hash."""
        super().save_authorization_code(client_id, {**code, "code": digest(code["code"])}, request, *args)

    def validate_code(self, client_id: str, code: str, client: Any, request: Request, *args: Any) -> bool:
        """Tell whether the code is valid and its user active. Revoke the tokens of a code that is not valid."""
        codes = get_grant_model().objects.filter(code=digest(code))
        if has_access(codes, client) and super().validate_code(client_id, digest(code), client, request, *args):
            request.scopes = client.permitted(request.scopes)
            return bool(request.user.is_active and request.scopes)
        end_family(code)
        return False

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """Return the hash of the code's verifier."""
        return super().get_code_challenge(digest(code), request)

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """Return the hash method of the code's verifier."""
        return super().get_code_challenge_method(digest(code), request)

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any) -> bool:
        """Tell whether the code was issued for this URI and the URI is still registered."""
        sent_there = super().confirm_redirect_uri(client_id, digest(code), redirect_uri, client, *args)
        return bool(sent_there and client.redirect_uri_allowed(redirect_uri))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Request, *args: Any) -> None:
        """Delete the code."""
        super().invalidate_authorization_code(client_id, digest(code), request, *args)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request, *args: Any) -> bool:
        """Tell whether the refresh token is valid and its user active."""
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        if not has_access(get_refresh_token_model().objects.filter(token_checksum=checksum), client):
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args) and request.user.is_active

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any) -> list[str]:
        """Return the largest set of scopes for a new token. Raises InvalidGrantError if it is empty."""
        scopes: list[str] = request.client.permitted(scope_to_list(super().get_original_scopes(refresh_token, request)))
        if not scopes:
            raise InvalidGrantError(request=request)
        return scopes

    def _create_refresh_token(
        self, request: Request, code: str, access_token: Any, previous: AbstractRefreshToken | None
    ) -> AbstractRefreshToken:
        """Create the refresh token. The first one gets the token family of its authorization code."""
        refresh_token = super()._create_refresh_token(request, code, access_token, previous)
        if previous is None:
            refresh_token.token_family = family_of(request.code)
            refresh_token.save(update_fields=["token_family"])
        return refresh_token


def has_access(shown: QuerySet[Any], client: OAuthApplication) -> bool:
    """Lock the consent of the code's or token's user, and tell whether it still exists."""
    issued = shown.filter(application=client).select_related("user").first()
    return issued is not None and lock_access(issued.user, client)


def digest(code: str) -> str:
    """Return the hash of a code, which is stored."""
    return hashlib.sha256(code.encode()).hexdigest()


def family_of(code: str) -> UUID:
    """Return the token family of a code. It must not reveal the stored hash, so it is a different hash."""
    return UUID(bytes=hashlib.sha256(b"family " + code.encode()).digest()[:16])


def end_family(code: str) -> None:
    """Revoke all tokens issued for a code."""
    get_refresh_token_model().revoke_family(family_of(code))
