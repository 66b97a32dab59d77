"""The app configuration of ``events``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """The events app."""

    name = "events"
    verbose_name = _("Audit log")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the sections of the export."""
        from events import personal_data  # noqa: F401 - the import registers the sections of the export
