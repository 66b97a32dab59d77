"""Whether the session or the OAuth token of a request is still valid. Actions check it when they write."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import BigAutoField, CharField, DateTimeField, Exists, Field, QuerySet, UUIDField
from django.db.models.functions import Now
from oauth2_provider.models import get_access_token_model

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.principals import Principal
from core.errors import Unauthenticated

Arguments = dict[str, tuple[Field, Any]]


def live_rows(by: Principal) -> QuerySet[Any] | None:
    """Return rows that exist only while the session or the token is valid. Return None for other credentials.

    A session ends when the person signs out or changes the password, or when staff end it, perhaps after the request
    was authenticated.
    """
    found = live_credential(by)
    return found.queryset() if found else None


class LiveCredential(NamedTuple):
    """A function that returns the rows, and its arguments, with the fields that convert them."""

    rows: Callable[..., QuerySet[Any]]
    parameters: Arguments

    def queryset(self) -> QuerySet[Any]:
        """Return the rows."""
        return self.rows(**{name: value for name, (_, value) in self.parameters.items()})


def live_credential(by: Principal) -> LiveCredential | None:
    """Return how to find the rows of ``live_rows``."""
    if by.token_id:
        return LiveCredential(live_tokens, {"token_id": (BigAutoField(), by.token_id)})
    if not (by.session_key and by.user):
        return None
    user: Arguments = {"user_id": (UUIDField(), by.user.pk), "password": (CharField(), by.user.password)}
    session: Arguments = user | {"session_key": (CharField(), by.session_key)}
    if by.user.credentials_ended_at is None:
        return LiveCredential(live_sessions, session)
    return LiveCredential(live_sessions, session | {"ended_at": (DateTimeField(), by.user.credentials_ended_at)})


def live_tokens(token_id: Any) -> QuerySet[Any]:
    """Return the OAuth access token if it is valid."""
    tokens: QuerySet[Any] = get_access_token_model().objects.filter(pk=token_id, expires__gt=Now())
    return tokens


def live_sessions(session_key: Any, user_id: Any, password: Any, ended_at: Any = None) -> QuerySet[User]:
    """Return the user if the session is valid and neither password nor end of credentials have changed."""
    sessions = Session.objects.filter(session_key=session_key, expire_date__gt=Now())
    return User.objects.filter(Exists(sessions), pk=user_id, password=password, credentials_ended_at=ended_at)


def require_live_credential(by: Principal) -> None:
    """Raise Unauthenticated if the session or the access token of the request has ended. Other credentials pass."""
    rows = live_rows(by)
    if rows is not None and not rows.exists():
        raise Unauthenticated
