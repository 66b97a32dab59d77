"""The application registry entry of ``invitations``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    """Name the application and connect its receivers."""

    name = "invitations"
    verbose_name = _("Invitations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers."""
        from invitations import receivers  # noqa: F401 - models must be loaded first
