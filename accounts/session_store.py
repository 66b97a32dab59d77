"""The sessions in the database (``settings.SESSION_ENGINE``).

The table stores a hash of the session key and the encrypted content, so nobody can use a session with a copy of the
database. A session ends at the latest ``SESSION_LIFETIME`` seconds after the sign-in.

A row names the person who is signed in. A session whose content names somebody else than its row is not valid, so the
rows of a person are all of their sessions (``actions/own_sessions.py``).
"""

import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import CharField, DateTimeField
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.browser_sessions import Session
from core.compiled import CompiledQuery
from core.encryption import SecretNotReadable, decrypt, encrypt

SIGNED_IN_AT = "signed_in_at"
DEVICE = "device"
LIVE_SESSION = CompiledQuery(
    lambda session_key, moment: Session.objects.filter(session_key=session_key, expire_date__gt=moment),
    session_key=CharField(),
    moment=DateTimeField(),
)


def stored_session_key(session_key: str) -> str:
    """Return what the table stores instead of the session key. The key is random, so the hash needs no salt."""
    return sha256(session_key.encode()).hexdigest()[: Session._meta.get_field("session_key").max_length]


class SessionStore(DatabaseSessionStore):
    """Django's session store with hashed keys, encrypted content, the person who is signed in, and a last moment."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return our model."""
        return Session

    def load(self) -> dict[str, Any]:
        """Return the content, or an empty session if the session does not exist or has ended."""
        row = LIVE_SESSION.first(session_key=stored_session_key(self.session_key or ""), moment=timezone.now())
        content = self.decode(row.session_data) if row else {}
        if row is None or self._ends_at(content) < time.time() or not _names_its_user(row, content):
            self._session_key = None
            return {}
        if row.user_id:
            row.note_use()
        return content

    def content_for(self, row: Session, user: Any) -> dict[str, Any]:
        """Return the content of a session in which the user is signed in, or an empty dictionary.

        The user is signed out if the password has changed or the credentials have ended since. Django checks the same
        with each request.
        """
        content = self.decode(row.session_data)
        hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
        is_signed_in = any(constant_time_compare(content.get(HASH_SESSION_KEY, ""), one) for one in hashes)
        is_live = is_signed_in and _names_its_user(row, content) and self._ends_at(content) >= time.time()
        return content if is_live else {}

    def exists(self, session_key: str | None) -> bool:
        """Return whether the session key is in use."""
        return Session.objects.filter(session_key=stored_session_key(session_key or "")).exists()

    def delete(self, session_key: str | None = None) -> None:
        """Delete this session, or the one with this key."""
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=stored_session_key(key)).delete()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to save."""
        row = cast("Session", super().create_model_instance(data))
        row.session_key = stored_session_key(row.session_key)
        row.user_id = data.get(SESSION_KEY)
        row.expire_date = min(row.expire_date, datetime.fromtimestamp(self._ends_at(data), UTC))
        return row

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the content in the form in which it is stored."""
        return encrypt(super().encode(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the content. A session that cannot be decrypted is empty."""
        try:
            content: dict[str, Any] = super().decode(decrypt(str(session_data)))
        except SecretNotReadable:
            return {}
        return content

    def _ends_at(self, content: dict[str, Any]) -> float:
        """Return the time at which the session ends whatever happens."""
        return float(content.get(SIGNED_IN_AT, time.time())) + settings.SESSION_LIFETIME


def _names_its_user(row: Session, content: dict[str, Any]) -> bool:
    signed_in = content.get(SESSION_KEY)
    return signed_in == (str(row.user_id) if row.user_id else None)
