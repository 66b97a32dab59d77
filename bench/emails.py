"""Measure how many emails a worker sends to a mail server on this machine, on PostgreSQL and on SQLite.

`python -m bench.emails` sends the emails that it queues in the database in DATABASE_URL, and prints the result as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.database import PROJECT, temporary_database, url_of
from bench.processes import SECRET

EMAILS = int(os.environ.get("BENCH_EMAILS", "500"))  # in each round
ROUNDS = 4


def email_table() -> list[str]:
    """Return the lines of the table, in Markdown."""
    rows = [["", "emails a second", "CPU ms of the worker", "of sending alone"], ["---", "---:", "---:", "---:"]]
    with tempfile.TemporaryDirectory() as folder, temporary_database("emails") as database:
        for name, url in (("PostgreSQL", url_of(database)), ("SQLite", f"sqlite:///{folder}/emails.sqlite3")):
            found = json.loads(in_new_process(url))
            ratio = found["worker"]["seconds"] / found["alone"]["seconds"]
            rows.append([name, *(f"{found['worker'][key]:.1f}" for key in ("per_second", "cpu_ms")), f"{ratio:.1f}"])
    return [f"| {' | '.join(row)} |" for row in rows]


def in_new_process(url: str) -> bytes:
    """Run this module with the service's settings on a database. Return what it prints."""
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "perfectworks.settings", "DATABASE_URL": url,
        "SECRET_KEY": SECRET, "PUBLIC_BASE_URL": "http://127.0.0.1", "EMAIL_URL": "smtp://127.0.0.1",
        "LOG_LEVEL": "ERROR", "BENCH_EMAILS": str(EMAILS),
    }  # fmt: skip
    command = [sys.executable, "-m", "bench.emails"]
    return subprocess.run(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, check=True).stdout


def main() -> int:
    """Send emails with a worker, and the same message without a database, in turn."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.outbox.scripted_server import ScriptedServer, server_process

    call_command("migrate", verbosity=0)
    results = {"worker": Sent(), "alone": Sent()}
    with server_process() as channel, tempfile.TemporaryDirectory() as spool:
        settings.EMAIL_PORT = ScriptedServer(channel, Path(spool)).port
        for number in range(ROUNDS):
            send_alone, send_by_worker = prepare(number)
            results["alone"].measure(send_alone)
            results["worker"].measure(send_by_worker)
        if len(os.listdir(spool)) != 2 * ROUNDS * EMAILS:
            raise RuntimeError("Emails are missing.")
    print(json.dumps({name: sent.figures() for name, sent in results.items()}))
    return 0


class Sent:
    """How long it took to send all emails."""

    def __init__(self) -> None:
        self.seconds, self.cpu = 0.0, 0.0

    def measure(self, send: Callable[[], Any]) -> None:
        """Add a round."""
        start, cpu = perf_counter(), process_time()
        send()
        self.seconds += perf_counter() - start
        self.cpu += process_time() - cpu

    def figures(self) -> dict[str, float]:
        """Return the duration, the rate, and the CPU time of an email in milliseconds."""
        count = ROUNDS * EMAILS
        return {"seconds": self.seconds, "per_second": count / self.seconds, "cpu_ms": 1e3 * self.cpu / count}


def prepare(number: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Queue the emails of a round. Return a function that sends their content alone, and one that runs a worker."""
    from core.smtp import connection_for_worker
    from invitations.email.models import Email
    from invitations.models import Invitation
    from outbox.email_transport import send_message
    from outbox.handlers import handler_of
    from outbox.worker import Worker
    from tests.factories import InvitationFactory, OrganizationFactory, UserFactory
    from tests.factories.invitations import EmailFactory

    organization = OrganizationFactory.create(slug=f"organization-{number}")
    inviter = UserFactory.create(email=f"inviter-{number}@example.com")
    invitations = InvitationFactory.build_batch(EMAILS, organization=organization, inviter=inviter)
    Invitation.objects.bulk_create(invitations)
    emails = [EmailFactory.build(invitation=invitation) for invitation in invitations]
    message = handler_of(Email.objects.bulk_create(emails)[0]).render()

    def send_alone() -> None:
        connection = connection_for_worker()
        for _ in emails:
            send_message(connection, message)
        connection.close()

    return send_alone, Worker(()).drain


if __name__ == "__main__":
    sys.exit(main())
