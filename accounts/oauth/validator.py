"""What our authorization server accepts as proof, beyond what the toolkit checks.

Codes are stored as hashes, like tokens. A code that comes twice ends what came of it (RFC 6749, section 4.1.2): the
family of its refresh tokens is named after it. Nothing is issued for accounts that are not active any more.

A client may have lost scopes and redirect addresses meanwhile (``orgs.oauth.applications.update_application``). It gets
none of the scopes that it lost, and nothing where no other is left, or for a code that went to an address that it lost.

Whatever a person's client shows is judged with the row locked by which the person lets it in, in the transaction that
issues (``accounts.oauth.token_endpoint``). Of two who show the same at once the second waits, and finds it used.
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
    """The toolkit's validator under our rules; its methods are called by oauthlib."""

    def _extract_basic_auth(self, request: Request) -> str | None:
        """What cannot be Base64 is no credential."""
        credential: str | None = super()._extract_basic_auth(request)
        return credential if credential and credential.isascii() else None

    def _load_application(self, client_id: str | None, request: Request) -> OAuthApplication | None:
        """No client has an id that PostgreSQL cannot even look for."""
        return None if "\x00" in (client_id or "") else super()._load_application(client_id, request)

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Request, *args: Any) -> None:
        """Store the code's hash."""
        super().save_authorization_code(client_id, {**code, "code": digest(code["code"])}, request, *args)

    def validate_code(self, client_id: str, code: str, client: Any, request: Request, *args: Any) -> bool:
        """Whether the code holds and its person can still sign in; one that was used ends its tokens."""
        codes = get_grant_model().objects.filter(code=digest(code))
        if is_let_in(codes, client) and super().validate_code(client_id, digest(code), client, request, *args):
            request.scopes = client.permitted(request.scopes)
            return bool(request.user.is_active and request.scopes)
        end_family(code)
        return False

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """What the code's verifier must hash to."""
        return super().get_code_challenge(digest(code), request)

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """How its verifier is hashed."""
        return super().get_code_challenge_method(digest(code), request)

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any) -> bool:
        """Whether the code was sent to this address, and would be now."""
        sent_there = super().confirm_redirect_uri(client_id, digest(code), redirect_uri, client, *args)
        return bool(sent_there and client.redirect_uri_allowed(redirect_uri))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Request, *args: Any) -> None:
        """Use the code up."""
        super().invalidate_authorization_code(client_id, digest(code), request, *args)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request, *args: Any) -> bool:
        """Whether the token holds and its person can still sign in."""
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        if not is_let_in(get_refresh_token_model().objects.filter(token_checksum=checksum), client):
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args) and request.user.is_active

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any) -> list[str]:
        """The most that a new token can have."""
        scopes: list[str] = request.client.permitted(scope_to_list(super().get_original_scopes(refresh_token, request)))
        if not scopes:
            raise InvalidGrantError(request=request)
        return scopes

    def _create_refresh_token(
        self, request: Request, code: str, access_token: Any, previous: AbstractRefreshToken | None
    ) -> AbstractRefreshToken:
        """The first of a family is named after the authorization code that it came of."""
        refresh_token = super()._create_refresh_token(request, code, access_token, previous)
        if previous is None:
            refresh_token.token_family = family_of(request.code)
            refresh_token.save(update_fields=["token_family"])
        return refresh_token


def is_let_in(shown: QuerySet[Any], client: OAuthApplication) -> bool:
    """Whether the person whose code or token this is still lets the client in; nobody else can use it meanwhile."""
    issued = shown.filter(application=client).select_related("user").first()
    return issued is not None and lock_access(issued.user, client)


def digest(code: str) -> str:
    """What is stored of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


def family_of(code: str) -> UUID:
    """The family of the tokens that come of a code: another half of its hash than any that is stored."""
    return UUID(bytes=hashlib.sha256(b"family " + code.encode()).digest()[:16])


def end_family(code: str) -> None:
    """Revoke whatever came of a code."""
    get_refresh_token_model().revoke_family(family_of(code))
