"""`manage.py worker`: deliver queued emails and run the maintenance tasks of all apps."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.management import BaseCommand, CommandError

from accounts.actions import maintenance as accounts_maintenance
from invitations.actions import maintenance as invitations_maintenance
from outbox.heartbeat import Heartbeat
from outbox.spans import use_spans
from outbox.worker import Worker, stopped_by_signals
from perfectworks import __version__, retention
from perfectworks.checks import require_safe_database
from perfectworks.metrics import serve_worker_metrics

logger = logging.getLogger(__name__)

MAINTENANCE_TASKS = (
    *accounts_maintenance.MAINTENANCE_TASKS,
    *invitations_maintenance.MAINTENANCE_TASKS,
    *retention.MAINTENANCE_TASKS,
)


class Command(BaseCommand):
    """Run one worker. Several workers can run at the same time."""

    help = "Deliver queued emails and run maintenance tasks until SIGTERM or SIGINT. Several workers can run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--once``."""
        parser.add_argument("--once", action="store_true", help="Deliver the emails that are due now, then exit.")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        """Run the worker until it is stopped.

        Raises ImportError if the email backend cannot be imported, and CommandError if the metrics cannot be served.
        """
        require_safe_database()
        get_connection()
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from perfectworks.tracing import DeliverySpans, tracer  # takes long, and most installations do not use it

            use_spans(DeliverySpans(tracer()))
        worker = Worker(MAINTENANCE_TASKS)
        if not once:
            serve_metrics()
        with stopped_by_signals(worker):
            logger.info("worker ready", extra={"release": __version__})
            if once:
                worker.drain()
            else:
                with Heartbeat():
                    worker.run()
        logger.info("worker stopped")


def serve_metrics() -> None:
    """Serve the metrics of this worker. Raises CommandError if another program, or another worker, uses the port."""
    try:
        serve_worker_metrics()
    except (OSError, OverflowError) as error:
        place = f"Port {settings.METRICS_PORT} of {settings.METRICS_HOST}"
        raise CommandError(f"{place} cannot be used: {error}. Set another METRICS_PORT.") from error
