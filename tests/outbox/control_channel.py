"""The channel through which a test sends commands to a helper process."""

import json
import os
import select
import subprocess
from typing import Any

import pytest

DEADLINE = 20.0  # in seconds; a test that waits longer fails


class ControlChannel:
    """Send commands as lines of JSON, and read each response line within ``DEADLINE`` seconds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.buffer = b""

    def send(self, **command: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self, error: str) -> str:
        """Return the next line. If no line arrives in time, kill the process, and fail the test with this message."""
        assert self.process.stdout
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], DEADLINE)[0]:
                self.process.kill()
                pytest.fail(error)
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, "The process has ended."
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()
