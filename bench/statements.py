"""Count the SQL statements of a request."""

import json

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from bench.targets import Request, Target


def count_statements(targets: list[Target]) -> dict[str, int]:
    """Send one request of each target to the service in this process. Return the numbers by the targets' names."""
    return {target.name: statements_of(next(target.requests)) for target in targets if target.server == "service"}


@override_settings(ALLOWED_HOSTS=["testserver"])
def statements_of(request: Request) -> int:
    """Return how many statements a request takes, without those that begin and end transactions."""
    body = "" if request.body is None else json.dumps(request.body)
    with CaptureQueriesContext(connection) as captured:
        response = Client().generic(request.method, request.path, body, "application/json", headers=request.headers)
    if response.status_code >= 300:
        raise RuntimeError(f"{request.path}: {response.status_code} {response.content[:300]!r}")
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in captured)
