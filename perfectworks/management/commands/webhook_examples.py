"""``manage.py webhook_examples``: print ``docs/webhook-examples.md``."""

from typing import Any

from django.core.management.base import BaseCommand

from webhooks.documenting import examples_page


class Command(BaseCommand):
    """Print docs/webhook-examples.md."""

    help = "Print docs/webhook-examples.md, with an example of each webhook."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page to standard output."""
        self.stdout.write(examples_page(), ending="")
