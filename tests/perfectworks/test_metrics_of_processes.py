"""Test that any web process serves the metrics of all, and that their files end with the server."""

import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.perfectworks.test_serve import PROJECT, environment, free_port

TOKEN = "a-token-for-the-tests"
PROCESSES, THREADS, REQUESTS = 2, 3, 30


def get(port: int, path: str, **headers: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def metrics_of(port: int) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(get(port, "/metrics", Authorization=f"Bearer {TOKEN}"))
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


def test_any_process_serves_the_metrics_of_all(tmp_path: Path):
    port = free_port()
    variables = environment(tmp_path) | {
        "PORT": str(port),
        "TMPDIR": str(tmp_path),
        "METRICS_TOKEN": TOKEN,
        "WEB_CONCURRENCY": str(PROCESSES),
        "WEB_THREADS": str(THREADS),
    }
    command = [sys.executable, "-m", "gunicorn", "perfectworks.wsgi:application"]
    process = subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        lines: Iterator[str] = iter(process.stdout or [])
        assert all(any("Booting worker" in line for line in lines) for _ in range(PROCESSES))
        for _ in range(REQUESTS):
            get(port, "/healthz/live")
        deadline = time.monotonic() + 20  # each process notes its threads once a second
        while (found := metrics_of(port)).get(("perfectworks_web_threads", "all")) != PROCESSES * THREADS:
            assert time.monotonic() < deadline, found
        counted = {
            metrics_of(port)["perfectworks_http_requests_total", "/healthz/live", "200", "GET"] for _ in range(6)
        }
        assert counted == {REQUESTS}
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert list(tmp_path.glob("perfectworks-metrics-*")) == []
