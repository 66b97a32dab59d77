"""The servers as processes, and the CPU time that they and their database connections use."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.database import PROJECT, url_of

SECRET = "the-secret-of-the-benchmark-which-is-no-secret-at-all-0123456789"  # noqa: S105
SECONDS_TO_START = 60
# The limits of invitations are checked, but are never reached.
LIMITS = (
    "OPEN_INVITATIONS_PER_ORGANIZATION",
    "ORGANIZATION_EMAILS_PER_DAY",
    "YOUNG_ORGANIZATION_EMAILS_PER_DAY",
    "INVITER_EMAILS_PER_DAY",
)
SETTINGS = {"SECRET_KEY": SECRET, **dict.fromkeys(LIMITS, "100000000")}


class Server:
    """A running web server with one process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, database: str, url: str) -> None:
        self.process, self.port, self.database, self.url = process, port, database, url
        self.role = urlsplit(url).username

    def connect(self) -> HTTPConnection:
        """Return a connection that can be used for many requests."""
        return HTTPConnection("127.0.0.1", self.port, timeout=120)

    def cpu_seconds(self) -> tuple[float, float]:
        """Return the CPU time that the processes of this server and their connections to the database have used."""
        web = sum(map(cpu_seconds_of, family(self.process.pid)))
        with psycopg.connect(url_of(self.database), autocommit=True) as observer:
            found = observer.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = %s AND application_name = %s",
                (self.database, self.role, application_name(self.port)),
            ).fetchall()
        return web, sum(cpu_seconds_of(pid) for (pid,) in found)


def family(pid: int) -> list[int]:
    """Return the process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU time of all threads of a process, from the scheduler, which counts nanoseconds."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def application_name(port: int) -> str:
    """Return the name by which the connections of a server are found."""
    return f"bench-{port}"


@contextmanager
def serve(application: str, database: str, url: str, **settings: str) -> Iterator[Server]:
    """Run an application with gunicorn and the configuration of production, until the block ends.

    ``settings`` are further environment variables.
    """
    port = free_port()
    environment = {
        **SETTINGS, "PATH": os.environ["PATH"], "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"{url}?application_name={application_name(port)}", "PORT": str(port), "LOG_LEVEL": "ERROR",
        "WEB_CONCURRENCY": "1", "PYTHONPATH": str(PROJECT), **settings
    }  # fmt: skip
    with running([sys.executable, "-m", "gunicorn", application], PROJECT, environment, port) as process:
        yield Server(process, port, database, url)


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server and wait until it accepts connections. Stop it when the block ends."""
    process = subprocess.Popen(command, cwd=folder, env=environment)
    try:
        wait_until_open(process, port)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def free_port() -> int:
    """Return a port that no server uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server accepts connections. Raises RuntimeError if it stops."""
    latest = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < latest:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start (exit code {process.poll()}).")
