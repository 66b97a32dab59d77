"""Commands from a test to a helper process."""

import json
import os
import select
import subprocess
from typing import Any

DEADLINE = 20.0  # seconds until a test that waits for something fails


class ControlChannel:
    """Send commands as lines of JSON, and read responses as lines, each within ``DEADLINE``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.buffer = b""

    def send(self, **command: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self, error: str) -> str:
        """Return the next line; fail the test with this message when none comes."""
        assert self.process.stdout
        while b"\n" not in self.buffer:
            assert select.select([self.process.stdout], [], [], DEADLINE)[0], error
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, "The process has ended."
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()
