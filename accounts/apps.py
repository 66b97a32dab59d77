"""The application registry entry of ``accounts``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Names the application."""

    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Teach the schema generator our credentials, and listen to what people change on their account's pages."""
        from accounts import receivers  # noqa: F401 - registers by being imported
        from accounts.api import schema  # noqa: F401 - the same
