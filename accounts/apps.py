"""The app configuration of ``accounts``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the signal receivers, the sections of the export, the OpenAPI extensions and the queue of emails."""
        from accounts import (
            personal_data,  # noqa: F401 - the import registers them
            receivers,  # noqa: F401 - the import registers them
        )
        from accounts.api import schema  # noqa: F401 - the import registers them
        from accounts.email.handlers import AccountEmailHandler
        from accounts.email.models import AccountEmail
        from outbox.email_transport import EmailTransport
        from outbox.handlers import Queue, register_queue

        register_queue(Queue(AccountEmail, AccountEmailHandler, EmailTransport))
