"""`manage.py serve`: the whole service in one command, the web server and the mail worker."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from invitations.email.models import Email
from perfectworks import demo

GRACE_SECONDS = 30
MAX_SILENCE = 10
LOOK_EVERY_SECONDS = 0.1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Processes = dict[str, subprocess.Popen[bytes]]


class Command(BaseCommand):
    """Prepare the database, then run the web server and the mail worker until a signal or until one ends."""

    help = "Migrate, then run the web server and the mail worker together. Stopping it stops both."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the service. Raises CommandError if it cannot start or one of its processes ends."""
        require_free_port(settings.HOST, settings.PORT)
        self.prepare()
        self.asked_to_stop = False
        for number in STOPPING:
            signal.signal(number, self.ask_to_stop)
        with running({"web server": web_server(), "mail worker": email_worker()}) as processes:
            self.watch(processes)

    def prepare(self) -> None:
        """Migrate and collect static files. In DEBUG, create the demo data in an empty database."""
        call_command("migrate", verbosity=0, skip_checks=False)
        if not settings.DEBUG:
            call_command("collectstatic", verbosity=0, interactive=False)
        elif not get_user_model().objects.exists():
            demo.make_world()

    def announce(self) -> None:
        """Print the URL of the service and, in DEBUG, the demo's accounts. It comes after all other output."""
        if settings.DEBUG and demo.is_present():
            call_command("demo", stdout=self.stdout)
        elif settings.DEBUG:
            self.stdout.write("Run `make demo` to create demo accounts.")
        self.stdout.write(f"PerfectWorks is running at {settings.PUBLIC_BASE_URL} (press Ctrl-C to stop)")
        self.stdout.flush()

    def ask_to_stop(self, *_: object) -> None:
        """Set the flag that `watch` checks."""
        self.asked_to_stop = True

    def watch(self, processes: Processes) -> None:
        """Wait until asked to stop. Raises CommandError with the exit code of a process that ends before."""
        steps = self.steps()
        while not self.asked_to_stop:
            for name, process in processes.items():
                if process.poll() is not None:
                    raise CommandError(f"The {name} ended unexpectedly.", returncode=exit_code(process))
            next(steps, None)
            time.sleep(LOOK_EVERY_SECONDS)

    def steps(self) -> Iterator[None]:
        """Wait until the web server responds and the first emails are sent, then announce the service."""
        while not responds(settings.HOST, settings.PORT):
            yield
        latest = time.monotonic() + MAX_SILENCE
        while time.monotonic() < latest and Email.objects.due().exists():
            yield
        yield  # for the last output of the processes
        self.announce()
        connection.close()


def web_server() -> list[str]:
    """Return the command line of the web server."""
    config = str(settings.BASE_DIR / "gunicorn.conf.py")
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        config,
        settings.WSGI_APPLICATION.replace(".app", ":app"),
    ]


def email_worker() -> list[str]:
    """Return the command line of the mail worker."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]


@contextmanager
def running(commands: dict[str, list[str]]) -> Iterator[Processes]:
    """Run the commands while the block runs, and stop them afterwards.

    Each has its own process group, so that Ctrl-C in a terminal only reaches this process, which then stops the others.
    """
    processes: Processes = {}
    try:
        for name, command in commands.items():
            processes[name] = subprocess.Popen(command, process_group=0, cwd=settings.BASE_DIR)  # noqa: S603
        yield processes
    finally:
        stop(processes)


def stop(processes: Processes) -> None:
    """Terminate the processes, and kill those that have not ended after GRACE_SECONDS."""
    for process in processes.values():
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes.values():
        try:
            process.wait(timeout=max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def exit_code(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code as a shell would. 0 becomes 1, as the process should not have ended."""
    code = process.returncode
    return 128 - code if code < 0 else code or 1


def require_free_port(host: str, port: int) -> None:
    """Raise CommandError if the port is in use."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} of {host} cannot be used: {error.strerror}. "
                f"Stop the program that uses it, or choose another port: make run PORT={port + 1}"
            ) from error


def responds(host: str, port: int) -> bool:
    """Tell whether the web server responds to its health check."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz/live", headers={"Host": settings.PUBLIC_HOST})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
