"""Our OAuth access tokens as a credential.

``accounts.oauth.scopes`` lists the scopes. ``accounts.credentials`` lists the scopes that each operation needs.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import CharField, QuerySet
from django.db.models.functions import Now
from oauth2_provider.models import get_access_token_model, set_token_value

from accounts.actions.oauth_access import let_in, note_use, with_use
from accounts.models import OAuthApplication, User
from accounts.oauth.scopes import ORGANIZATIONS
from accounts.principals import Method, Principal
from core.compiled import CompiledQuery


def _live_tokens(**token_is: Any) -> QuerySet[Any]:
    tokens = get_access_token_model().objects.filter(expires__gt=Now(), **token_is)
    return with_use(tokens).select_related("user", "application__user", "application__system_user")


LIVE_TOKEN = CompiledQuery(_live_tokens, token_checksum=CharField())


def oauth_principal(token: str) -> Principal | None:
    """Return the principal of an access token, or None if the token is unknown, expired or revoked.

    The application's current scopes limit the token. If an application loses a scope, all of its tokens lose that
    scope.
    """
    checksum = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    found = LIVE_TOKEN.first(token_checksum=checksum)
    if found is None or found.application is None or not found.application.is_usable(None):
        return None
    if found.access_id:
        note_use(found.access_id, found.last_used_at)
    user = found.user or found.application.client_credentials_user
    granted = frozenset(found.application.permitted(found.scope.split()))
    return Principal(
        user=user,
        method=Method.OAUTH2 if found.user or found.application.acts_for_owner else Method.CLIENT,
        permissions=None if ORGANIZATIONS in granted else granted,
        granted_scopes=granted,
        credential_id=found.application.pk,
        credential_by_id=found.application.responsible_id,
        token_id=found.pk,
    )


def issue_token(application: OAuthApplication, user: User | None, scopes: str, expires_at: datetime) -> str:
    """Issue an access token without the OAuth protocol, for the demo and for tests. Only its hash is stored."""
    token = secrets.token_urlsafe(32)
    row = get_access_token_model()(application=application, user=user, scope=scopes, expires=expires_at)
    set_token_value(row, token)
    with transaction.atomic():
        if user:
            let_in(user, application, scopes.split())
        row.save()
    return token
