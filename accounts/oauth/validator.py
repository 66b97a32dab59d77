"""Our OAuth validator. It adds checks to django-oauth-toolkit's validator.

Codes are stored as hashes, like tokens. If a code is used twice, the tokens that were issued for it are revoked (RFC
6749, section 4.1.2). The ``token_family`` of these tokens is derived from the code. Inactive users get no tokens.

After a code was issued, the client may lose scopes or redirect URIs (``orgs.oauth.applications.update_application``).
The token then has only the remaining scopes. No token is issued if no scope remains, or if the code's redirect URI was
removed.

Codes and refresh tokens are checked in the transaction that issues the token (``accounts.oauth.token_endpoint``). The
check locks the person's ``ApplicationAccess`` row. If the same code is sent twice, the second request waits for the
lock and then fails.
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
    """django-oauth-toolkit's validator with additional checks. oauthlib calls its methods."""

    def _extract_basic_auth(self, request: Request) -> str | None:
        """Return the credential, or None if the header is not valid Base64."""
        credential: str | None = super()._extract_basic_auth(request)
        return credential if credential and credential.isascii() else None

    def _load_application(self, client_id: str | None, request: Request) -> OAuthApplication | None:
        """Return the application. Treat an id with NUL as unknown, because PostgreSQL cannot look it up."""
        return None if "\x00" in (client_id or "") else super()._load_application(client_id, request)

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Request, *args: Any) -> None:
        """Store the code as a hash."""
        super().save_authorization_code(client_id, {**code, "code": digest(code["code"])}, request, *args)

    def validate_code(self, client_id: str, code: str, client: Any, request: Request, *args: Any) -> bool:
        """Return whether the code is valid and its user is active. If not, revoke the tokens issued for the code."""
        codes = get_grant_model().objects.filter(code=digest(code))
        if has_access(codes, client) and super().validate_code(client_id, digest(code), client, request, *args):
            request.scopes = client.permitted(request.scopes)
            return bool(request.user.is_active and request.scopes)
        end_family(code)
        return False

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """Return the PKCE code challenge that was stored with the code."""
        return super().get_code_challenge(digest(code), request)

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """Return the PKCE challenge method that was stored with the code."""
        return super().get_code_challenge_method(digest(code), request)

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any) -> bool:
        """Return whether the code was issued for this URI and the URI is still registered."""
        sent_there = super().confirm_redirect_uri(client_id, digest(code), redirect_uri, client, *args)
        return bool(sent_there and client.redirect_uri_allowed(redirect_uri))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Request, *args: Any) -> None:
        """Delete the code."""
        super().invalidate_authorization_code(client_id, digest(code), request, *args)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request, *args: Any) -> bool:
        """Return whether the refresh token is valid and its user is active."""
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        if not has_access(get_refresh_token_model().objects.filter(token_checksum=checksum), client):
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args) and request.user.is_active

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any) -> list[str]:
        """Return the scopes that a new token may have. Raises InvalidGrantError if no scope remains."""
        scopes: list[str] = request.client.permitted(scope_to_list(super().get_original_scopes(refresh_token, request)))
        if not scopes:
            raise InvalidGrantError(request=request)
        return scopes

    def _create_refresh_token(
        self, request: Request, code: str, access_token: Any, previous: AbstractRefreshToken | None
    ) -> AbstractRefreshToken:
        """Create the refresh token.

        The first refresh token for an authorization code gets the token family of that code.
        """
        refresh_token = super()._create_refresh_token(request, code, access_token, previous)
        if previous is None:
            refresh_token.token_family = family_of(request.code)
            refresh_token.save(update_fields=["token_family"])
        return refresh_token


def has_access(shown: QuerySet[Any], client: OAuthApplication) -> bool:
    """Lock the user's ``ApplicationAccess`` for the client. Return whether it still exists."""
    issued = shown.filter(application=client).select_related("user").first()
    return issued is not None and lock_access(issued.user, client)


def digest(code: str) -> str:
    """Return the hash under which a code is stored."""
    return hashlib.sha256(code.encode()).hexdigest()


def family_of(code: str) -> UUID:
    """Return the token family of a code. It must not reveal the stored hash, so it is a different hash."""
    return UUID(bytes=hashlib.sha256(b"family " + code.encode()).digest()[:16])


def end_family(code: str) -> None:
    """Revoke all tokens issued for a code."""
    get_refresh_token_model().revoke_family(family_of(code))
