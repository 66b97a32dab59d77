"""Who a browser's session says is asking."""

from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.models import User
from accounts.principals import Method, Principal

RIGHTS_GREW = "rights_grew"


def session_principal(request: HttpRequest) -> Principal | None:
    """The signed-in user as the caller of an action; None when nobody is signed in."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    return Principal(user=user, method=Method.SESSION, authenticated_at=proven_at(request, user))


def proven_at(request: HttpRequest, user: User) -> datetime | None:
    """When the user last showed a password or second factor in this session; None when it never was here."""
    moments = [record["at"] for record in get_authentication_records(request, user)]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def public_session_id(session: SessionBase) -> int | None:
    """A name for the session that may be shown: 64 bits derived from its key, which never leaves the cookie."""
    key = session.session_key
    if key is None:
        return None
    derived = salted_hmac("perfectworks.wacht.session", key, algorithm="sha256").digest()
    return int.from_bytes(derived[:8], "big")


def note_grown_rights(session: SessionBase) -> None:
    """Ask for a new session key, as its user has gained rights; the next page gives it."""
    session[RIGHTS_GREW] = True


def renew_key(session: SessionBase) -> None:
    """Give the session a new key if its user has gained rights.

    Not in the answer that granted them: a second click drops that answer, and with it the only copy of the new key.
    """
    if session.pop(RIGHTS_GREW, False):
        session.cycle_key()
