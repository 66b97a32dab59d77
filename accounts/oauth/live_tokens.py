"""Whether the OAuth access token of a request is still valid. Actions check it in the transaction of their writes."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now
from oauth2_provider.models import get_access_token_model

from accounts.principals import Principal
from core.errors import Unauthenticated


def live_tokens(by: Principal) -> QuerySet[Any]:
    """Return the access token of the request, unless it has ended since the request was authenticated."""
    return get_access_token_model().objects.filter(pk=by.token_id, expires__gt=Now())


def require_live_token(by: Principal) -> None:
    """Raise Unauthenticated if the access token of the request has ended. Other credentials pass."""
    if by.token_id and not live_tokens(by).exists():
        raise Unauthenticated
