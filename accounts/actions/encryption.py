"""Encrypt stored secrets and sessions again, after a new key was put first in ``ENCRYPTION_KEYS``."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.utils import timezone

from accounts.browser_sessions import Session
from core.encryption import encrypt, is_encrypted, with_first_key
from core.reencryption import Reencryption


def reencrypted(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an ``Authenticator`` with its secrets encrypted by the first key. Raises SecretNotReadable."""
    secrets = {name: data[name] for name in ("secret", "seed") if name in data}
    return data | {
        name: with_first_key(text) if is_encrypted(text) else encrypt(text) for name, text in secrets.items()
    }


def _reencrypt_authenticator(row: Authenticator) -> list[str]:
    before, row.data = row.data, reencrypted(row.data)
    return [] if row.data == before else ["data"]


def _reencrypt_session(row: Session) -> list[str]:
    before, row.session_data = row.session_data, with_first_key(row.session_data)
    return [] if row.session_data == before else ["session_data"]


def _live_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__gt=timezone.now())


TWO_FACTOR = Reencryption(
    "twoFactorSecrets", "secrets of two-factor authentication", Authenticator.objects.all, _reencrypt_authenticator
)
# A session that cannot be decrypted has ended already.
SESSIONS = Reencryption("sessions", "sessions", _live_sessions, _reencrypt_session, is_lost_without_key=False)
