"""The metrics that this process counts, in the format of Prometheus. ``docs/operations.md`` lists them.

No label has a value that a caller chooses: paths are route templates, and there are no organizations, people or
addresses. So the number of series is bounded. Counting is always on and costs microseconds. ``perfectworks.metrics``
serves the numbers if a setting says so.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from core.request_context import RequestContext

disable_created_metrics()  # they would double the series
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter(
    "perfectworks_http_requests", "Requests by route template and status.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "perfectworks_http_request_duration_seconds", "Time until the response begins.", ["route"], buckets=SECONDS
)
DATABASE_SECONDS = Counter("perfectworks_http_database_seconds", "Time that requests wait for the database.", ["route"])
STATEMENTS = Counter("perfectworks_http_database_statements", "Statements of requests.", ["route"])
EVENTS = Counter("perfectworks_events", "Events in the audit log by kind, such as invitation.accepted.", ["kind"])
LIMITS = Counter("perfectworks_limits_met", "Requests and emails that a limit stopped.", ["limit"])
SKIPPED = Counter(
    "perfectworks_request_limit_skipped", "Requests that were not limited, because Redis did not count them."
)
DELIVERIES = Counter("perfectworks_deliveries", "Attempts to deliver by outcome.", ["transport", "kind", "outcome"])
DELIVERY_SECONDS = Counter(
    "perfectworks_delivery_seconds", "Time that the mail server or the endpoint of a webhook took.", ["transport"]
)
POOL = Gauge(
    "perfectworks_database_connections",
    "Connections of the pools by state, and requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)
THREADS = Gauge(
    "perfectworks_web_threads", "Threads of the web processes by state.", ["state"], multiprocess_mode="livesum"
)
WAITING = Gauge(
    "perfectworks_web_requests_waiting", "Requests that wait for a free thread.", multiprocess_mode="livesum"
)


def count_request(context: RequestContext, method: str, status: int, seconds: float) -> None:
    """Count a request."""
    route = context.route
    REQUESTS.labels(method if method in METHODS else "other", route, status).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    if context.statements:
        DATABASE_SECONDS.labels(route).inc(context.database_seconds)
        STATEMENTS.labels(route).inc(context.statements)


def count_events(kinds: Iterable[str]) -> None:
    """Count events whose transaction was committed."""
    for kind in kinds:
        EVENTS.labels(kind).inc()


def count_delivery(transport: str, kind: str, outcome: str, seconds: float) -> None:
    """Count an attempt to deliver, or that a delivery was dropped, and the time that the other side took."""
    DELIVERIES.labels(transport, kind, outcome).inc()
    DELIVERY_SECONDS.labels(transport).inc(seconds)


def count_limit(limit: str) -> None:
    """Count that somebody met a limit. ``limit`` is the code of an error, or another name in our code."""
    LIMITS.labels(limit).inc()


def count_request_without_limit() -> None:
    """Count a request that was not limited, because Redis does not respond."""
    SKIPPED.inc()
