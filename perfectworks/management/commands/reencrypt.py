"""The command ``manage.py reencrypt``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actions.encryption import reencrypt_two_factor_secrets
from core.encryption import SecretNotReadable
from webhooks.actions.encryption import reencrypt_webhook_secrets


class Command(BaseCommand):
    """Encrypt stored secrets with the first key in ENCRYPTION_KEYS. After that, older keys can be removed."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt, and say how many secrets there are."""
        try:
            count, endpoints = reencrypt_two_factor_secrets(), reencrypt_webhook_secrets()
        except SecretNotReadable as error:
            raise CommandError("No key in ENCRYPTION_KEYS decrypts one of the secrets. Add the key back.") from error
        self.stdout.write(f"{count} secrets of two-factor authentication are encrypted with the first key.")
        self.stdout.write(f"The secrets of {endpoints} webhook endpoints are encrypted with the first key.")
