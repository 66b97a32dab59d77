"""The Django app configuration of ``outbox``."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Configure the app. Its table has the heartbeats of workers; the models of deliveries are abstract."""

    name = "outbox"

    def ready(self) -> None:
        """Connect the receiver of providers' reports."""
        from outbox import receivers  # noqa: F401 - the import connects it
