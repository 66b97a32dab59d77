"""One release as it is installed: its code, and the processes that it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.clients.run import free_port
from tests.outbox.kill_points import MANY, UNLIMITED

GRACE_SECONDS = 60
# Both installations write emails to the same folder, and sign the tokens of the demo data with the key there.
SHARED_SETTINGS = """
from perfectworks.settings import *

VAR_DIR = Path({folder!r})
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
"""


@dataclass(frozen=True)
class Installation:
    """The code in one folder, and what the processes write in another one, which two installations share."""

    code: Path
    shared: Path
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of each process."""
        (self.shared / "shared_settings.py").write_text(SHARED_SETTINGS.format(folder=str(self.shared)))
        paths = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{self.code}:{self.shared}"}
        unlimited = dict.fromkeys((*UNLIMITED, "RECIPIENT_EMAILS_PER_HOUR"), str(MANY))
        shared = {"DJANGO_SETTINGS_MODULE": "shared_settings", "PUBLIC_BASE_URL": "http://127.0.0.1:8000"}
        return {"DEBUG": "1", **shared, **unlimited, **paths, **self.variables}

    @property
    def demo(self) -> Path:
        """The file with the ids and the credentials of the demo data."""
        return self.shared / "demo.json"

    def run(self, *arguments: str, **variables: str) -> str:
        """Run Python to the end. Return its output. Raises AssertionError with it if the exit code is not 0."""
        environment = self.environment | variables
        command = [sys.executable, *arguments]
        ended = subprocess.run(command, cwd=self.code, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{arguments}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
        return ended.stdout

    def smoke(self, *servers: str) -> None:
        """Run the smoke tests of this release against these servers."""
        self.run("-m", "tests.smoke", DEMO=str(self.demo), SERVERS=" ".join(servers))

    @contextmanager
    def web_server(self) -> Iterator[str]:
        """Run a web server while the block runs. Give its URL."""
        port = free_port()
        command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "perfectworks.wsgi:application"]
        with self.process(command, "web server ready", PORT=str(port)):
            yield f"http://127.0.0.1:{port}"

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker while the block runs."""
        with self.process(["manage.py", "worker"], "worker ready"):
            yield

    @contextmanager
    def process(self, arguments: list[str], ready: str, **variables: str) -> Iterator[None]:
        """Run Python while the block runs. The block begins when the log says that the process is ready.

        Raises AssertionError if the process ends early, fails, or logs an error.
        """
        log = self.shared / f"{uuid4().hex}.log"
        command, environment = [sys.executable, *arguments], self.environment | variables
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=self.code, env=environment, stdout=output, stderr=output)
        try:
            wait_until_logged(ready, log, process)
            yield
        finally:
            process.terminate()
            process.wait(GRACE_SECONDS)
        assert (process.returncode, "ERROR" in log.read_text()) == (0, False), log.read_text()[-4000:]


def wait_until_logged(text: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has logged the text. Raises AssertionError if it ends first."""
    while text not in log.read_text():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            raise AssertionError(log.read_text()[-4000:])
