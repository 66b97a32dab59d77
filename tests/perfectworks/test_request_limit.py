"""Test the limit of requests per credential with real processes: at once, and what stops the start."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from orgs.actions.api_keys import create_api_key
from tests.perfectworks.test_serve import PROJECT, environment, free_port
from tests.support.people import session_of
from tests.support.project_settings import PRODUCTION, load
from tests.support.redis_server import needs_redis, running_redis

LIMIT, REQUESTS, PROCESSES = 10, 30, 2
NO_REDIS = "REQUEST_LIMIT_PER_CREDENTIAL needs a Redis to count in. Set CACHE_URL=redis://..., or unset the limit."
REDIS = "redis://cache:6379/0"
COMMAND = [sys.executable, "-m", "gunicorn", "perfectworks.wsgi:application"]


@contextmanager
def web_processes(variables: dict[str, str]) -> Iterator[None]:
    """Run gunicorn until the block ends. Its processes are ready when the block begins."""
    process = subprocess.Popen(COMMAND, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        lines: Iterator[str] = iter(process.stdout or [])
        assert all(any("Booting worker" in line for line in lines) for _ in range(PROCESSES))
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


@needs_redis
@pytest.mark.django_db(transaction=True)
def test_of_requests_at_once_to_several_processes_exactly_the_limit_passes(
    organization, owner, production_url, tmp_path: Path
):
    path = f"/api/v0/organizations/{organization.pk}"
    keys = [
        create_api_key(by=session_of(owner), organization_id=organization.pk, name=name)[1] for name in ("one", "two")
    ]
    port = free_port()

    def ask(key: str) -> tuple[str, int, str | None]:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers={"X-API-Key": key})
        response = connection.getresponse()
        response.read()
        connection.close()
        return key, response.status, response.headers["RateLimit-Policy"]

    with running_redis(tmp_path) as redis:
        variables = environment(tmp_path) | {"PORT": str(port), "WEB_CONCURRENCY": str(PROCESSES)}
        variables |= {"DATABASE_URL": production_url, "CACHE_URL": redis.url}
        variables |= {"REQUEST_LIMIT_PER_CREDENTIAL": f"{LIMIT}/hour"}
        with web_processes(variables), ThreadPoolExecutor(2 * REQUESTS) as threads:
            found = Counter(threads.map(ask, keys * REQUESTS))

    policy = f'"credential";q={LIMIT};w=3600'
    assert found == {
        (key, status, policy): times for key in keys for status, times in ((200, LIMIT), (429, REQUESTS - LIMIT))
    }


def test_the_web_server_does_not_start_with_a_limit_and_without_redis(tmp_path: Path):
    variables = environment(tmp_path) | {"PORT": str(free_port()), "REQUEST_LIMIT_PER_CREDENTIAL": "600/minute"}

    found = subprocess.run(COMMAND, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False)

    assert found.returncode != 0
    assert NO_REDIS in found.stdout + found.stderr


@pytest.mark.parametrize("cache", ["locmemcache://", "memcache://127.0.0.1:11211", "dummycache://"])
def test_another_cache_than_redis_is_refused(cache):
    with pytest.raises(ImproperlyConfigured, match=re.escape(NO_REDIS)):
        load(**PRODUCTION, CACHE_URL=cache, REQUEST_LIMIT_PER_CREDENTIAL="600/minute")


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        ("1/second", (1, 1)),
        ("600/minute", (600, 60)),
        ("20000/hour", (20_000, 3600)),
        ("999999999/day", (10**9 - 1, 86400)),
    ],
)
def test_the_limit_is_a_number_in_a_time(limit, found):
    settings = load(**PRODUCTION, CACHE_URL=REDIS, REQUEST_LIMIT_PER_CREDENTIAL=limit)

    assert settings["REQUEST_LIMIT_PER_CREDENTIAL"] == found
    assert settings["REST_FRAMEWORK"]["DEFAULT_THROTTLE_CLASSES"] == ["accounts.request_limit.CredentialThrottle"]
    assert settings["MIDDLEWARE"][-1] == "accounts.request_limit.RequestLimitMiddleware"
    assert {"ratelimit", "ratelimit-policy"} < set(settings["CORS_EXPOSE_HEADERS"])


def test_without_a_limit_nothing_is_installed():
    settings = load(**PRODUCTION, CACHE_URL=REDIS)

    assert settings["REQUEST_LIMIT_PER_CREDENTIAL"] is None
    assert "DEFAULT_THROTTLE_CLASSES" not in settings["REST_FRAMEWORK"]
    assert not any("request_limit" in one for one in settings["MIDDLEWARE"])
    assert not any("ratelimit" in one for one in settings["CORS_EXPOSE_HEADERS"])
