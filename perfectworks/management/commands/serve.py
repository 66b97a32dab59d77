"""`manage.py serve`: run the web server and the email worker in one command."""

import os
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
MAX_ANNOUNCEMENT_DELAY = 10  # seconds
POLL_INTERVAL = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Processes = dict[str, subprocess.Popen[bytes]]


class Command(BaseCommand):
    """Prepare the database, then run the web server and the email worker.

    Stop on a signal, or when one of the two processes exits.
    """

    help = "Migrate, then run the web server and the email worker together. Stopping the command stops both."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the service. Raises CommandError when it cannot start, or when one of its processes exits."""
        require_free_port(settings.HOST, settings.PORT)
        self.prepare()
        self.stop_requested = False
        for number in STOP_SIGNALS:
            signal.signal(number, self.request_stop)
        with running({"web server": web_server(), "email worker": email_worker()}) as processes:
            self.watch(processes)

    def prepare(self) -> None:
        """Migrate the database and collect static files. In development, fill an empty database with demo data."""
        migrate()
        if not settings.DEBUG:
            call_command("collectstatic", verbosity=0, interactive=False)
        elif not get_user_model().objects.exists():
            demo.make_world()

    def announce(self) -> None:
        """Print the URL of the service and, in development, how to sign in.

        This is the last output during startup.
        """
        if settings.DEBUG and demo.is_present():
            call_command("demo", stdout=self.stdout)
        elif settings.DEBUG:
            self.stdout.write("Run `make demo` to see who can sign in, and what to try.")
        self.stdout.write(f"PerfectWorks is running at {settings.PUBLIC_BASE_URL} (Ctrl-C stops it)")
        self.stdout.flush()

    def request_stop(self, *_: object) -> None:
        """Handle a stop signal. `watch` then returns at its next check."""
        self.stop_requested = True

    def watch(self, processes: Processes) -> None:
        """Return when a stop is requested. Raises CommandError with the exit code of the first process that exits."""
        steps = self.steps()
        while not self.stop_requested:
            for name, process in processes.items():
                if process.poll() is not None:
                    raise CommandError(f"The {name} stopped unexpectedly.", returncode=exit_code(process))
            next(steps, None)
            time.sleep(POLL_INTERVAL)

    def steps(self) -> Iterator[None]:
        """Wait until the web server responds and the first emails are sent, then announce the service.

        This is a generator. It yields after each check, so that `watch` can check the processes between two checks.
        """
        while not is_live(settings.HOST, settings.PORT):
            yield
        latest = time.monotonic() + MAX_ANNOUNCEMENT_DELAY
        while time.monotonic() < latest and Email.objects.due().exists():
            yield
        yield  # gives the processes time to write their last log lines
        self.announce()
        connection.close()


def migrate() -> None:
    """Migrate the database as its owner (`DATABASE_OWNER_URL`), or else with the role of the service.

    Raises CommandError if the migration fails.
    """
    if not settings.DATABASE_OWNER_URL:
        call_command("migrate", verbosity=0, skip_checks=False)
        return
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--verbosity", "0"]
    owner = os.environ | {"DATABASE_URL": settings.DATABASE_OWNER_URL}
    if subprocess.run(command, env=owner, check=False).returncode:  # noqa: S603 - the command is our own
        raise CommandError("The migration failed.")


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
    """Return the command line of the email worker."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]


@contextmanager
def running(commands: dict[str, list[str]]) -> Iterator[Processes]:
    """Start the commands. When the ``with`` block ends, stop them all.

    Each process has its own process group. Ctrl-C in a terminal therefore signals only this command, which then stops
    the processes.
    """
    processes: Processes = {}
    try:
        for name, command in commands.items():
            processes[name] = subprocess.Popen(command, process_group=0, cwd=settings.BASE_DIR)  # noqa: S603
        yield processes
    finally:
        stop(processes)


def stop(processes: Processes) -> None:
    """Terminate the processes. Kill those that have not exited after ``GRACE_SECONDS``."""
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
    """Return the exit code of a process as a shell reports it.

    Return 1 instead of 0, because the process should not have exited.
    """
    code = process.returncode
    return 128 - code if code < 0 else code or 1


def require_free_port(host: str, port: int) -> None:
    """Raise CommandError when the port cannot be bound, for example because another program uses it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} of {host} cannot be used: {error.strerror}. "
                f"Stop the program that uses it, or choose another port: make run PORT={port + 1}"
            ) from error


def is_live(host: str, port: int) -> bool:
    """Return whether the web server passes its liveness check."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz/live")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
