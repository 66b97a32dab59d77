"""Encrypt the secrets of endpoints again, after a new key was put first in ``ENCRYPTION_KEYS``."""

from django.db import transaction

from core.encryption import decrypt, encrypt
from webhooks.models import WebhookEndpoint


def reencrypt_webhook_secrets() -> int:
    """Encrypt the secrets of all endpoints with the first key. Return how many endpoints there are.

    Raises SecretNotReadable if a key is missing. In that case, nothing is changed.
    """
    with transaction.atomic():
        rows = list(WebhookEndpoint.objects.select_for_update(no_key=True).order_by("pk"))
        for row in rows:
            row.secret = encrypt(decrypt(row.secret))
            row.former_secret = row.former_secret and encrypt(decrypt(row.former_secret))
            row.save(update_fields=["secret", "former_secret"])
    return len(rows)
