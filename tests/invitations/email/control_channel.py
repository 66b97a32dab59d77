"""How a test talks to a process of its own."""

import json
import os
import select
import subprocess
from typing import Any

DEADLINE = 20.0  # seconds until a test that waits for something fails


class ControlChannel:
    """Given to a process as lines of JSON, and answered in lines; no answer is waited for without end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.buffer = b""

    def send(self, **order: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self, otherwise: str) -> str:
        """The next line; the test fails with these words when none comes."""
        assert self.process.stdout
        while b"\n" not in self.buffer:
            assert select.select([self.process.stdout], [], [], DEADLINE)[0], otherwise
            said = os.read(self.process.stdout.fileno(), 65536)
            assert said, "The process has ended."
            self.buffer += said
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()
