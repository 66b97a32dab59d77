"""The Django app configuration of ``invitations``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    """Configure the app, its signal receivers and its email handler."""

    name = "invitations"
    verbose_name = _("Invitations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the signal receivers, and register the handler of emails and the sections of the export."""
        from invitations import personal_data, receivers  # noqa: F401 - imported here: the models must be loaded first
        from invitations.email.handlers import InvitationEmailHandler
        from invitations.email.models import Email
        from outbox.email_transport import EmailTransport
        from outbox.handlers import Queue, register_queue

        register_queue(Queue(Email, InvitationEmailHandler, EmailTransport))
