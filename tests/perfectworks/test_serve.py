"""Test `manage.py serve` as a process: it stops the processes that it starts, and returns the right exit code."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError

from perfectworks import __version__
from perfectworks.management.commands import serve

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads processes from /proc")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(directory: Path) -> dict[str, str]:
    """Return the environment of a service whose database is in `directory`."""
    database = f"sqlite:///{directory}/perfectworks.sqlite3"
    return {"PATH": os.environ["PATH"], "DEBUG": "1", "DATABASE_URL": database}


@contextmanager
def serving(directory: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the service on a database in `directory`."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=PROJECT,
        env=environment(directory) | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def read_until_ready(process: subprocess.Popen[str], port: int) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == f"PerfectWorks is running at http://127.0.0.1:{port} (Ctrl-C stops it)\n":
            return lines
    pytest.fail("".join(lines))


def children(parent: int) -> dict[str, int]:
    """Find the web server and the worker by their command lines. Return their process ids."""
    numbers = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = {Path(f"/proc/{number}/cmdline").read_text(): int(number) for number in numbers}
    return {name: pid for name in ("gunicorn", "worker") for line, pid in lines.items() if name in line}


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def get_status(port: int, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


@dataclass(frozen=True)
class FirstStart:
    """What a newcomer saw of the first start, and its directory, which now has tables and demo data."""

    directory: Path
    lines: list[str]
    statuses: list[int]

    @property
    def guidance(self) -> list[str]:
        return self.lines[self.lines.index("The demo is ready. Everybody's password is  perfectworks-demo\n") :]


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    """Start the service with an empty directory, and run the commands that it prints."""
    directory, port = tmp_path_factory.mktemp("first"), free_port()
    with serving(directory, port) as process:
        seen = FirstStart(directory, read_until_ready(process, port), [])
        for words in (shlex.split(line) for line in seen.guidance if line.startswith("  curl ")):
            seen.statuses.append(get_status(port, urlsplit(words[-1]).path, headers_of(words)))
    return seen


@pytest.fixture
def directory(first_start: FirstStart, tmp_path: Path) -> Path:
    """Return a copy of the directory that the first start prepared, because creating the tables takes seconds."""
    return shutil.copytree(first_start.directory, tmp_path / "copy")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_it_stops_both_parts(directory, number):
    port = free_port()
    with serving(directory, port) as process:
        read_until_ready(process, port)
        parts = children(process.pid)
        assert sorted(parts) == ["gunicorn", "worker"]
        assert get_status(port, "/healthz/ready") == 200

        process.send_signal(number)
        process.communicate(timeout=60)

        assert process.returncode == 0
        assert not any(map(is_alive, parts.values()))


@pytest.mark.parametrize(("part", "named"), [("gunicorn", "web server"), ("worker", "email worker")])
def test_when_one_part_dies_the_other_is_stopped_and_the_exit_code_tells(directory, part, named):
    port = free_port()
    with serving(directory, port) as process:
        read_until_ready(process, port)
        parts = children(process.pid)

        os.kill(parts[part], signal.SIGKILL)
        output, _ = process.communicate(timeout=60)

        assert process.returncode == 128 + signal.SIGKILL
        assert f"The {named} stopped unexpectedly." in output
        assert not any(map(is_alive, parts.values()))


def test_a_newcomer_reads_the_guidance_last_and_every_line_to_paste_works(first_start):
    lines = first_start.lines
    logged = [number for number, line in enumerate(lines) if " [INFO] " in line]

    assert any("email sent" in lines[number] for number in logged)
    assert max(logged) < len(lines) - len(first_start.guidance)
    assert first_start.statuses == [200] * 5


@pytest.mark.parametrize("ready", ["web server ready", "worker ready"])
def test_the_log_says_which_release_runs(first_start, ready):
    [line] = [line for line in first_start.lines if ready in line]

    assert f"release={__version__}" in line


def headers_of(curl: list[str]) -> dict[str, str]:
    """Return the header that the curl options set."""
    _, option, value, _ = curl
    name, _, text = value.partition(": ")
    return {"-H": {name: text}, "--cookie": {"Cookie": value}}[option]


def test_a_busy_port_is_told_in_a_sentence_before_anything_starts(tmp_path):
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", 0))
        other_program.listen()
        port = other_program.getsockname()[1]

        with serving(tmp_path, port) as process:
            output, _ = process.communicate(timeout=60)

    assert (process.returncode, output) == (
        1,
        f"CommandError: Port {port} of 127.0.0.1 cannot be used: Address already in use. "
        f"Stop the program that uses it, or choose another port: make run PORT={port + 1}\n",
    )
    assert not (tmp_path / "perfectworks.sqlite3").exists()


def test_a_part_that_does_not_listen_is_ended_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "GRACE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "deaf")
    script = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "open(sys.argv[1], 'w').close(); signal.pause()"
    )
    with serve.running({"deaf": [sys.executable, "-c", script, str(tmp_path / "deaf")]}) as processes:
        (tmp_path / "deaf").read_text()  # blocks until the process opens the pipe for writing

    assert processes["deaf"].returncode == -signal.SIGKILL


def test_parts_are_stopped_when_the_next_cannot_start():
    started = {"first": [sys.executable, "-c", "import signal; signal.pause()"], "second": ["/nonexistent"]}
    before = set(children_of_this_process())

    with pytest.raises(FileNotFoundError), serve.running(started):
        pass

    assert set(children_of_this_process()) == before


@pytest.mark.parametrize(("script", "code"), [("", 1), ("raise SystemExit(3)", 3)])
def test_a_part_that_ends_without_being_asked_is_a_failure(script, code):
    process = subprocess.Popen([sys.executable, "-c", script])
    process.wait()

    assert serve.exit_code(process) == code


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_accepted(host):
    serve.require_free_port(host, free_port())


def test_a_host_that_is_not_ours_is_refused():
    with pytest.raises(CommandError, match=r"^Port 8000 of 192\.0\.2\.1 cannot be used: Cannot assign"):
        serve.require_free_port("192.0.2.1", 8000)


def children_of_this_process() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
