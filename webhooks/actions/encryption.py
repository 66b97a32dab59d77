"""Encrypt the secrets of endpoints again, after a new key was put first in ``ENCRYPTION_KEYS``."""

from core.encryption import with_first_key
from core.reencryption import Reencryption
from webhooks.models import WebhookEndpoint


def _reencrypt_endpoint(row: WebhookEndpoint) -> list[str]:
    before = (row.secret, row.former_secret)
    row.secret = with_first_key(row.secret)
    row.former_secret = row.former_secret and with_first_key(row.former_secret)
    return [] if (row.secret, row.former_secret) == before else ["secret", "former_secret"]


WEBHOOKS = Reencryption(
    "webhookEndpoints", "webhook endpoints with their secrets", WebhookEndpoint.objects.all, _reencrypt_endpoint
)
