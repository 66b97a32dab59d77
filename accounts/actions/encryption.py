"""Encrypt stored secrets again, after a new key was put first in ``ENCRYPTION_KEYS``."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from core.encryption import decrypt_if_encrypted, encrypt


def reencrypt_two_factor_secrets() -> int:
    """Encrypt the secrets of all authenticator apps and recovery codes with the first key. Return how many rows.

    Raises SecretNotReadable if a key is missing. In that case, nothing is changed.
    """
    with transaction.atomic():
        rows = list(Authenticator.objects.select_for_update().order_by("pk"))
        for row in rows:
            row.data = reencrypted(row.data)
            row.save(update_fields=["data"])
    return len(rows)


def reencrypted(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an ``Authenticator`` with its secrets encrypted by the first key."""
    secrets = {name: data[name] for name in ("secret", "seed") if name in data}
    return data | {name: encrypt(decrypt_if_encrypted(text)) for name, text in secrets.items()}
