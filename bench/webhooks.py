"""Measure how many webhooks a worker sends to receivers on this machine, on PostgreSQL and on SQLite.

`python -m bench.webhooks` sends the webhooks that it writes in the database in DATABASE_URL, and prints the result as
JSON. The receiver is a process of its own. It responds at once.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.database import PROJECT, temporary_database, url_of
from bench.processes import SECRET

WEBHOOKS = int(os.environ.get("BENCH_WEBHOOKS", "1000"))  # in each round
ENDPOINTS = {"of one endpoint": 1, "of 20 endpoints": 20, "of 200 endpoints": 200}
COLUMNS = ("per_second", "cpu_ms")


def webhook_table() -> list[str]:
    """Return the lines of the table, in Markdown."""
    rows = [["", "", "webhooks a second", "CPU ms of the worker"], ["---", "---", "---:", "---:"]]
    with tempfile.TemporaryDirectory() as folder, temporary_database("webhooks") as database:
        for name, url in (("PostgreSQL", url_of(database)), ("SQLite", f"sqlite:///{folder}/webhooks.sqlite3")):
            for kind, figures in json.loads(in_new_process(url)).items():
                rows.append([name, kind, *(f"{figures[key]:.1f}" for key in COLUMNS)])
    return [f"| {' | '.join(row)} |" for row in rows]


def in_new_process(url: str) -> bytes:
    """Run this module with the service's settings on a database. Return what it prints."""
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "perfectworks.settings", "DATABASE_URL": url,
        "SECRET_KEY": SECRET, "PUBLIC_BASE_URL": "http://127.0.0.1", "EMAIL_URL": "smtp://127.0.0.1",
        "LOG_LEVEL": "ERROR", "DEBUG": "1", "WEBHOOK_ALLOW_PRIVATE": "1", "BENCH_WEBHOOKS": str(WEBHOOKS),
    }  # fmt: skip
    command = [sys.executable, "-m", "bench.webhooks"]
    return subprocess.run(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, check=True).stdout


def main() -> int:
    """Send webhooks to one endpoint and to many."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with receiver_process() as url:
        print(json.dumps({kind: measure(prepare(url, endpoints)) for kind, endpoints in ENDPOINTS.items()}))
    return 0


def measure(send: Callable[[], None]) -> dict[str, float]:
    """Return how many webhooks a second are sent, and the worker's CPU time of a webhook in milliseconds."""
    from time import perf_counter, process_time

    from webhooks.models import WebhookDelivery

    start, cpu = perf_counter(), process_time()
    send()
    seconds, used = perf_counter() - start, process_time() - cpu
    if WebhookDelivery.objects.exclude(state="sent").exists() or WebhookDelivery.objects.count() != WEBHOOKS:
        raise RuntimeError("Webhooks are missing.")
    return {"per_second": WEBHOOKS / seconds, "cpu_ms": 1e3 * used / WEBHOOKS}


def prepare(url: str, endpoints: int) -> Callable[[], None]:
    """Write the messages for so many endpoints, each of an organization of its own. Return what runs a worker."""
    from orgs.models import Organization
    from tests.factories import OrganizationFactory, WebhookEndpointFactory, WebhookMessageFactory
    from webhooks.handling import WebhookTransport
    from webhooks.lane import WebhookLane
    from webhooks.models import WebhookMessage

    Organization.objects.all().delete()
    for _ in range(endpoints):
        organization = OrganizationFactory.create(has_webhooks=True)
        WebhookEndpointFactory.create(organization=organization, url=url, has_news=True)
        messages = WebhookMessageFactory.build_batch(WEBHOOKS // endpoints, organization=organization, data=DATA)
        WebhookMessage.objects.bulk_create(messages)

    def send() -> None:
        lane = WebhookLane(WebhookTransport(), [])
        while lane.run_once(lambda: False):
            pass
        lane.close()

    return send


DATA = json.dumps({"version": 1, "member": {"text": "x" * 1000}})


@contextmanager
def receiver_process() -> Iterator[str]:
    """Start a receiver in a process of its own. Yield its URL."""
    command = [sys.executable, "-c", "from bench.webhooks import receive; receive()"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline() if process.stdout else ""
            yield f"http://127.0.0.1:{int(port)}/"
        finally:
            process.kill()


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


def receive() -> None:
    """Respond to every request until the process is killed. Print the port first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.request_queue_size = 128
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
