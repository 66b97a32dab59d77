"""The application registry entry of ``events``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """Names the application."""

    name = "events"
    verbose_name = _("Audit log")
    default_auto_field = "django.db.models.BigAutoField"
