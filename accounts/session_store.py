"""The sessions in the database (``settings.SESSION_ENGINE``).

The table stores a hash of the session key and the encrypted content, so nobody can use a session with a copy of the
database. A session ends at the latest ``SESSION_LIFETIME`` seconds after the sign-in.
"""

import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from core.compiled import CompiledQuery
from core.encryption import SecretNotReadable, decrypt, encrypt

SIGNED_IN_AT = "signed_in_at"
LIVE_SESSION = CompiledQuery(
    lambda session_key, moment: Session.objects.filter(session_key=session_key, expire_date__gt=moment),
    session_key=CharField(),
    moment=DateTimeField(),
)


def stored_session_key(session_key: str) -> str:
    """Return what the table stores instead of the session key. The key is random, so the hash needs no salt."""
    return sha256(session_key.encode()).hexdigest()[: Session._meta.get_field("session_key").max_length]


class SessionStore(DatabaseSessionStore):
    """Django's session store with hashed keys, encrypted content and a last moment."""

    def load(self) -> dict[str, Any]:
        """Return the content, or an empty session if the session does not exist or has ended."""
        row = LIVE_SESSION.first(session_key=stored_session_key(self.session_key or ""), moment=timezone.now())
        content = self.decode(row.session_data) if row else {}
        if row is None or self._ends_at(content) < time.time():
            self._session_key = None
            return {}
        return content

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
