"""``manage.py healthcheck``: say whether a worker of this machine runs, for the health check of its container."""

import json
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from outbox.models import WorkerHeartbeat


class Command(BaseCommand):
    """Look for a heartbeat of this machine."""

    help = (
        "Exit with 0 if a worker of this machine or container has updated its heartbeat within a minute, otherwise "
        "with 1. For the web server, ask /healthz/ready."
    )
    requires_system_checks = []  # it runs often

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look for it. Raises CommandError if there is none, or if the database does not respond."""
        host = socket.gethostname()[:255]
        try:
            runs = WorkerHeartbeat.objects.alive().filter(host=host).exists()
        except AnyDatabaseError as error:
            raise CommandError(f"The database does not respond ({type(error).__name__}).") from error
        if not runs:
            raise CommandError(f"No worker on {host} has updated its heartbeat within a minute.")
        result = {"host": host, "workerRuns": True}
        self.stdout.write(json.dumps(result) if options["json"] else f"A worker runs on {host}.")
