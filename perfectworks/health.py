"""Health endpoints for supervisors and load balancers. Responses contain only the status and its reason."""

from collections.abc import Callable
from functools import cache

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from perfectworks import request_mirror


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Return 200 if the process is running."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Return 200 if the database is available and fully migrated, else 503 with the reason."""
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except Error:
        return JsonResponse({"status": "unready", "reason": "database"}, status=503)
    if not known_migrations() <= applied.keys():
        return JsonResponse({"status": "unready", "reason": "migrations"}, status=503)
    return JsonResponse({"status": "ready"})


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return the app and the name of every migration in the code."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return frozenset(loader.disk_migrations)


class HealthMiddleware:
    """Respond to health checks before any other middleware reads the Host header or requires https.

    Load balancers and orchestrators send their checks to IP addresses, which are not in ALLOWED_HOSTS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Call the health view of the path, if there is one."""
        check = CHECKS.get(request.path_info)
        if check is None:
            return self.get_response(request)
        response = check(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response


CHECKS = {"/healthz/live": live, "/healthz/ready": ready, request_mirror.PATH: request_mirror.seen}
