"""Serve the metrics in the format of Prometheus: those of all web processes, and what the database knows.

Web processes serve ``/metrics`` to whoever sends ``METRICS_TOKEN``. They count in files that they share
(``PROMETHEUS_MULTIPROC_DIR``, see ``gunicorn.conf.py``), so that any of them knows the numbers of all. A worker serves
its own numbers at ``METRICS_PORT``.
"""

import os
from collections.abc import Iterator
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.db import Error
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from outbox.handlers import Queue, registered_queues
from outbox.models import WorkerHeartbeat
from perfectworks import __version__
from perfectworks.migration_state import pending_migrations

STATES = ("scheduled", "queued", "sending", "deferred")
OUTBOX = ("transport", "kind")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics, or 401 without the token. If no token is set, this is not called."""
    sent = request.META.get("HTTP_AUTHORIZATION", "")
    if not compare_digest(sent.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})


def registry() -> CollectorRegistry:
    """Return the numbers of all web processes, or of this process alone, and what the database knows."""
    found = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(found)
    else:
        found.register(REGISTRY)  # a registry can be collected
    found.register(DatabaseCollector())
    return found


class DatabaseCollector(Collector):
    """What the rows of the outbox and of the workers say. It is read when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges. While the database does not respond, yield only that."""
        up = GaugeMetricFamily("perfectworks_database_up", "Whether the database responds.")
        try:
            found = [*outbox_gauges(), *worker_gauges(), migration_gauge()]
        except Error:
            found = []
        up.add_metric([], float(bool(found)))
        yield from (up, build_gauge(), *found)


def outbox_gauges() -> Iterator[Metric]:
    """Yield how much waits in each queue, and since when it has been due."""
    waiting = GaugeMetricFamily(
        "perfectworks_outbox_waiting", "Emails and webhooks that are not sent yet.", labels=(*OUTBOX, "state")
    )
    due = GaugeMetricFamily("perfectworks_outbox_due", "Those of them that a worker could take now.", labels=OUTBOX)
    age = GaugeMetricFamily(
        "perfectworks_outbox_oldest_due_seconds", "For how long the oldest of them has been due.", labels=OUTBOX
    )
    for queue in registered_queues():
        add_queue(queue, waiting, due, age)
    yield from (waiting, due, age)


def add_queue(queue: Queue, waiting: GaugeMetricFamily, due: GaugeMetricFamily, age: GaugeMetricFamily) -> None:
    """Add the numbers of a queue. Takes one query, of the rows that wait. Kinds of which nothing waits are 0."""
    model = queue.model
    rows: Any = model._default_manager
    is_due = Q(due_at__lte=Now())
    columns = [model.KIND_FIELD, "state"] if model.KIND_FIELD else ["state"]
    facts = {"total": Count("pk"), "ready": Count("pk", filter=is_due), "since": Min("due_at", filter=is_due)}
    found = list(rows.unsent().order_by().values(*columns).annotate(**facts))
    now = timezone.now()
    for kind in model.kinds():
        of_kind = [row for row in found if row.get(model.KIND_FIELD, kind) == kind]
        for state in STATES:
            total = sum(row["total"] for row in of_kind if row["state"] == state)
            waiting.add_metric([model.LOG_NAME, kind, state], total)
        due.add_metric([model.LOG_NAME, kind], sum(row["ready"] for row in of_kind))
        since = min((row["since"] for row in of_kind if row["since"]), default=now)
        age.add_metric([model.LOG_NAME, kind], max(0.0, (now - since).total_seconds()))


def worker_gauges() -> Iterator[Metric]:
    """Yield how many workers run, and the age of the newest heartbeat of all."""
    alive = WorkerHeartbeat.objects.alive().count()
    yield GaugeMetricFamily("perfectworks_workers", "Workers that run.", value=alive)
    newest = WorkerHeartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()
    if newest is not None:
        age = max(0.0, (timezone.now() - newest).total_seconds())
        yield GaugeMetricFamily("perfectworks_worker_heartbeat_age_seconds", "Age of the newest heartbeat.", value=age)


def migration_gauge() -> Metric:
    """Return how many migrations the database lacks."""
    pending = len(pending_migrations())
    return GaugeMetricFamily("perfectworks_migrations_pending", "Migrations that are not applied.", value=pending)


def build_gauge() -> Metric:
    """Return the version that runs."""
    gauge = GaugeMetricFamily("perfectworks_build_info", "The version of the service.", labels=["version"])
    gauge.add_metric([__version__], 1)
    return gauge


def serve_worker_metrics() -> None:
    """Serve the numbers of this process at ``METRICS_PORT``, if it is set. Raises OSError, or OverflowError."""
    if settings.METRICS_PORT:
        start_http_server(settings.METRICS_PORT, settings.METRICS_HOST, registry=REGISTRY)
