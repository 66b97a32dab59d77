"""Health endpoints for supervisors, load balancers and monitors. Responses contain only the status and its reasons.

``live``: the process responds. ``ready``: it can handle requests. ``service``: everything works, also what needs a
worker. A load balancer that asked for the last one would take all web processes away because a worker has stopped.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from outbox.heartbeat import oldest_due_email_at
from outbox.models import WorkerHeartbeat
from perfectworks import request_mirror
from perfectworks.metrics import metrics
from perfectworks.migration_state import pending_migrations

QUEUE_LATE_AFTER = timedelta(minutes=5)


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Return 200 if the process is running."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Return 200 if the database is available and fully migrated, else 503. ``warnings`` do not change the status."""
    reason = obstacle()
    if reason:
        return JsonResponse({"status": "unready", "reason": reason}, status=503)
    return JsonResponse({"status": "ready", "warnings": [*delays()]})


@require_safe
@never_cache
def service(_request: HttpRequest) -> JsonResponse:
    """Return 200 if requests are handled, a worker runs and no email has waited for it for long, else 503."""
    reason = obstacle()
    reasons = [reason] if reason else [*delays()]
    if reasons:
        return JsonResponse({"status": "impaired", "reasons": reasons}, status=503)
    return JsonResponse({"status": "ok"})


def obstacle() -> str:
    """Return why no request can be handled: ``database`` or ``migrations``, or ""."""
    try:
        return "migrations" if pending_migrations() else ""
    except Error:
        return "database"


def delays() -> Iterator[str]:
    """Yield ``worker`` if none runs, and ``queue`` if an email has been due for minutes."""
    try:
        if not WorkerHeartbeat.objects.alive().exists():
            yield "worker"
        oldest = oldest_due_email_at()
        if oldest is not None and oldest < timezone.now() - QUEUE_LATE_AFTER:
            yield "queue"
    except Error:
        yield "database"


class HealthMiddleware:
    """Respond to health checks before any other middleware reads the Host header or requires https.

    Load balancers and orchestrators send their checks to IP addresses, which are not in ALLOWED_HOSTS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.checks: dict[str, Callable[[HttpRequest], HttpResponse]] = {**CHECKS}
        if settings.METRICS_TOKEN:
            self.checks["/metrics"] = metrics

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Call the health view of the path, if there is one."""
        check = self.checks.get(request.path_info)
        if check is None:
            return self.get_response(request)
        response = check(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response


CHECKS = {
    "/healthz/live": live,
    "/healthz/ready": ready,
    "/healthz/service": service,
    request_mirror.PATH: request_mirror.seen,
}
