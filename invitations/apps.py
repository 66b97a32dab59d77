"""The application registry entry of ``invitations``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    """Name the application and connect its receivers."""

    name = "invitations"
    verbose_name = _("Invitations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the signal receivers and register the handler of emails about invitations."""
        from invitations import receivers  # noqa: F401 - models must be loaded first
        from invitations.email.handlers import InvitationEmailHandler
        from invitations.email.kinds import register_handler
        from invitations.email.models import Email

        register_handler(Email.Kind.values, InvitationEmailHandler)
