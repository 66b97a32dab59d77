"""Whether the session or the OAuth token of a request is still valid. Actions check it when they write."""

from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, QuerySet
from django.db.models.functions import Now
from oauth2_provider.models import get_access_token_model

from accounts.models import User
from accounts.principals import Principal
from core.errors import Unauthenticated


def live_rows(by: Principal) -> QuerySet[Any] | None:
    """Return rows that exist only while the session or the token is valid. Return None for other credentials.

    A session ends when the person signs out or changes the password, or when staff end it, perhaps after the request
    was authenticated.
    """
    if by.token_id:
        return get_access_token_model().objects.filter(pk=by.token_id, expires__gt=Now())
    if by.session_key and by.user:
        sessions = Session.objects.filter(session_key=by.session_key, expire_date__gt=Now())
        unchanged = {"password": by.user.password, "credentials_ended_at": by.user.credentials_ended_at}
        return User.objects.filter(Exists(sessions), pk=by.user.pk, **unchanged)
    return None


def require_live_credential(by: Principal) -> None:
    """Raise Unauthenticated if the session or the access token of the request has ended. Other credentials pass."""
    rows = live_rows(by)
    if rows is not None and not rows.exists():
        raise Unauthenticated
