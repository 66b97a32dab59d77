"""The Django app configuration of ``webhooks``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    """Configure the app, and follow events."""

    name = "webhooks"
    verbose_name = _("Webhooks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow events, and register the queue of deliveries."""
        from accounts.email.purposes import register_facts
        from events.listeners import listen
        from outbox.handlers import Queue, register_queue
        from webhooks import receivers  # noqa: F401 - imported here: the models must be loaded first
        from webhooks.handling import WebhookHandler, WebhookTransport
        from webhooks.lane import WebhookLane
        from webhooks.models import WebhookDelivery
        from webhooks.notice_facts import NOTICE_FACTS
        from webhooks.pages import refusal_texts  # noqa: F401 - the import adds the texts
        from webhooks.recording import write_messages

        listen(write_messages)
        register_facts(NOTICE_FACTS)
        register_queue(Queue(WebhookDelivery, WebhookHandler, WebhookTransport, WebhookLane))
