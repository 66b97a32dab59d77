"""A Redis of its own for a test, which can be stopped and started again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30.0

# With REQUIRE_REDIS=1, a missing Redis is a failure.
is_missing = not shutil.which("redis-server") and os.environ.get("REQUIRE_REDIS") != "1"
needs_redis = pytest.mark.skipif(is_missing, reason="needs redis-server")


class RedisServer:
    """A server that keeps its port when it is started again."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.directory = directory
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server with nothing in it, and wait until it accepts connections."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.directory, stdout=subprocess.DEVNULL)
        latest = time.monotonic() + PATIENCE
        while not self.accepts():
            assert time.monotonic() < latest
            assert self.process.poll() is None
            time.sleep(0.01)

    def accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def running_redis(directory: Path) -> Iterator[RedisServer]:
    server = RedisServer(directory)
    try:
        yield server
    finally:
        server.stop()
