"""The Django app configuration of ``outbox``."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Configure the app. Its models are abstract, so it has no tables."""

    name = "outbox"

    def ready(self) -> None:
        """Connect the receiver of providers' reports."""
        from outbox import receivers  # noqa: F401 - the import connects it
