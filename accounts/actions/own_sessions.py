"""The browsers in which a person is signed in, and how the person signs out in another one.

API keys and OAuth tokens are no sessions and stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.browser_sessions import Session
from accounts.live_credentials import require_live_credential
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.session_store import DEVICE, SIGNED_IN_AT, SessionStore
from core.errors import Denied, NotFound
from events.models import Event


class SessionNotFound(NotFound):
    """The person has no such other session, perhaps because it has just ended."""

    message = "There is no such session."


class BrowserNeeded(Denied):
    """Only a person who is signed in with a browser can sign out in other browsers."""

    message = "Sign in with a browser to do this."


@dataclass(frozen=True)
class OwnSession:
    """A session as its person sees it. ``key`` is the stored key, with which nobody can use the session.

    ``device`` is empty if the browser is not known.
    """

    key: str
    device: str
    signed_in_at: datetime | None
    last_seen_at: datetime


def sessions_of(user: User) -> list[OwnSession]:
    """Return the sessions in which the user is signed in, the one that was seen last first."""
    return opened_sessions(user, session_rows_of(user).order_by("-last_seen_at", "session_key"))


def opened_sessions(user: User, rows: Iterable[Session]) -> list[OwnSession]:
    """Return what these rows say, without those in which the user is no longer signed in."""
    store, found = SessionStore(), []
    for row in rows:
        content = store.content_for(row, user)
        if content:
            began = content.get(SIGNED_IN_AT)
            signed_in_at = datetime.fromtimestamp(began, UTC) if began else None
            found.append(OwnSession(row.pk, content.get(DEVICE, ""), signed_in_at, row.last_seen_at))
    return found


@transaction.atomic
def end_session(*, by: Principal, key: str) -> None:
    """End another session of the caller. Raises BrowserNeeded, SessionNotFound, Unauthenticated."""
    _end(by, _others_of(by).filter(pk=key))


@transaction.atomic
def end_other_sessions(*, by: Principal) -> int:
    """End all sessions of the caller except this one, and return how many.

    Raises BrowserNeeded, SessionNotFound if there is no other, and Unauthenticated.
    """
    return _end(by, _others_of(by))


def session_rows_of(user: User) -> QuerySet[Session]:
    """Return the sessions of the user, also those in which a new password has signed them out."""
    return Session.objects.filter(user=user, expire_date__gt=timezone.now())


def _others_of(by: Principal) -> QuerySet[Session]:
    """Return the caller's other sessions. Also those in which the caller is no longer signed in."""
    if by.method is not Method.SESSION or by.user is None:
        raise BrowserNeeded
    require_live_credential(by)
    return session_rows_of(by.user).exclude(pk=by.session_key or "")


def _end(by: Principal, sessions: QuerySet[Session]) -> int:
    ended, _ = sessions.delete()
    if not ended or by.user is None:
        raise SessionNotFound
    Event.objects.record("user.signed_out", by=by, subject=by.user, sessions=ended)
    return ended
