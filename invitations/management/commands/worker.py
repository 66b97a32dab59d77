"""`manage.py worker`: sends the mails of the outbox."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.mail import get_connection
from django.core.management import BaseCommand

from accounts.actions import maintenance as of_accounts
from invitations.actions import maintenance as of_invitations
from invitations.email.worker import Worker, stopped_by_signals

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Send mails until SIGTERM or SIGINT; run as many of these as there is work for."""

    help = "Send the mails of the outbox until SIGTERM or SIGINT. Several may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to come back when the outbox is empty."""
        parser.add_argument("--once", action="store_true", help="Send what is due now, then exit.")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        """Refuse to start with mail settings that no mail can leave by; then work."""
        get_connection()
        worker = Worker(tasks=(*of_accounts.MAINTENANCE_TASKS, *of_invitations.MAINTENANCE_TASKS))
        with stopped_by_signals(worker):
            logger.info("The mail worker is ready.")
            if once:
                worker.drain()
            else:
                worker.run()
        logger.info("The mail worker has stopped.")
