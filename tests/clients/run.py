"""Run vendors' published clients and generated clients against this service: `python -m tests.clients.run [names]`.

Each folder next to this file is a client with its own pinned packages. Each client gets its own server process on a
free port, with a new database that contains the demo data. Clients that cannot run on this machine are skipped. With
`REQUIRE_CLIENTS=1`, a skipped client is a failure.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.chromium import CHROMIUM

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
INSTALLED = PROJECT / "var" / "clients"


def main(names: list[str]) -> int:
    """Run the named clients, or all clients. Print the results and return the exit code."""
    chosen = [one for one in sorted(HERE.iterdir()) if one.is_dir() and (not names or one.name in names)]
    outcomes = {one.name: run(one) for one in chosen if is_client(one)}
    print("\n" + "\n".join(f"{name}: {outcome}" for name, outcome in outcomes.items()))
    skipped = [name for name, outcome in outcomes.items() if outcome.startswith("skipped")]
    return 1 if "failed" in outcomes.values() or (skipped and os.environ.get("REQUIRE_CLIENTS") == "1") else 0


def is_client(folder: Path) -> bool:
    """Return whether the folder contains a client."""
    return (folder / "package.json").exists() or (folder / "requirements.txt").exists()


def run(folder: Path) -> str:
    """Install one client and run its tests."""
    in_node = (folder / "package.json").exists()
    missing = [program for program in ("node", "npm") if in_node and not shutil.which(program)]
    if missing:
        return f"skipped, as {' and '.join(missing)} cannot be found"
    print(f"\n=== {folder.name} ===", flush=True)
    test = install_node(folder) if in_node else install_python(folder)
    if test is None:
        return "failed"
    in_browser = [[sys.executable, str(script)] for script in sorted(folder.glob("browser_*.py"))]
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory)) as environment:
        for command in [test, *(in_browser if CHROMIUM else [])]:
            if subprocess.run(command, env=environment | {"CHROMIUM": CHROMIUM or ""}, check=False).returncode:
                return "failed"
    return "passed" if CHROMIUM or not in_browser else "passed, but for the browser: Chromium cannot be found"


def install_node(folder: Path) -> list[str] | None:
    """Install the locked packages without running their scripts. Return the test command."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    failed = subprocess.run(command, cwd=folder, check=False).returncode
    return None if failed else ["node", "--test", *map(str, sorted(folder.glob("*.test.mjs")))]


def install_python(folder: Path) -> list[str] | None:
    """Install the locked packages into a new virtual environment. Return the test command."""
    environment = INSTALLED / folder.name
    python = str(environment / "bin" / "python")
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
    failed = subprocess.run([*install, str(folder / "requirements.txt")], check=False).returncode
    return None if failed else [python, *map(str, sorted(folder.glob("client_*.py")))]


@contextmanager
def serving(directory: Path) -> Iterator[dict[str, str]]:
    """Run the service on a database in the directory. Yield the environment for the client."""
    port, client_port = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DEBUG": "1",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{directory}/perfectworks.sqlite3",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{client_port}",
        "WEBHOOK_ALLOW_PRIVATE": "1",
    }
    with (directory / "output").open("w+") as output:
        server = subprocess.Popen(manage("serve"), cwd=PROJECT, env=environment, stdout=output, stderr=output)
        try:
            wait_until_ready(server, directory / "output")
            demo = subprocess.run(
                manage("demo", "--json"), cwd=PROJECT, env=environment, check=True, capture_output=True
            )
            (directory / "demo.json").write_bytes(demo.stdout)
            asked = {"DEMO": str(directory / "demo.json"), "CLIENT_PORT": str(client_port), "HOME": str(directory)}
            yield os.environ | asked
        finally:
            server.terminate()
            server.wait(timeout=60)


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(*arguments: str) -> list[str]:
    """Return the command line for a ``manage.py`` command."""
    return [sys.executable, "manage.py", *arguments]


def wait_until_ready(server: subprocess.Popen[bytes], output: Path) -> None:
    """Wait until the service is running. If the service exits first, raises RuntimeError with the output."""
    while "PerfectWorks is running at" not in output.read_text():
        try:
            server.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(output.read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
