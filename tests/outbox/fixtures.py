"""Fixtures of the tests here and of emails about invitations: a mail server, worker processes, invitations to send."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings as project
from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import Principal
from invitations.actions import inviting
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.outbox.control_channel import ControlChannel
from tests.outbox.kill_points import ForkServer
from tests.outbox.scripted_server import DEADLINE, ScriptedServer, server_process


@pytest.fixture
def by_owner(owner: User, principal: Callable[..., Principal]) -> Principal:
    return principal(owner)


@pytest.fixture
def invite(by_owner: Principal, organization: Organization) -> Callable[..., Invitation]:
    def invite(email: str = "invitee@example.com", **terms: object) -> Invitation:
        terms = {"role_id": EDITOR_ROLE} | terms
        return inviting.invite(by=by_owner, organization_id=organization.pk, email=email, **terms)  # type: ignore[arg-type]

    return invite


class MailServers:
    """The process in which the mail servers of all tests run, one after the other."""

    def __init__(self, processes: ExitStack) -> None:
        self.processes = processes
        self.channel: ControlChannel | None = None

    def start(self, spool: Path) -> ScriptedServer:
        """Start a server. If a failed test has ended the process, start another process."""
        if self.channel is None or self.channel.process.poll() is not None:
            self.channel = self.processes.enter_context(server_process())
        return ScriptedServer(self.channel, spool)


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    with ExitStack() as processes:
        yield MailServers(processes)


@pytest.fixture
def server(tmp_path: Path, mail_servers: MailServers) -> ScriptedServer:
    """Start a mail server in another process and return its controller."""
    return mail_servers.start(spool=tmp_path)


@pytest.fixture
def mail_server(server: ScriptedServer, settings: Settings) -> ScriptedServer:
    """Configure this process to send emails through `server`, and return `server`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    return server


@pytest.fixture
def closed_port() -> int:
    """Return a port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@pytest.fixture
def start_worker(server: ScriptedServer, production_url: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that runs ``manage.py worker`` on the test database. The workers are killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(project.BASE_DIR / "manage.py"), "worker", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "DEBUG": "1",
                "DATABASE_URL": production_url,
                "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=DEADLINE)


@pytest.fixture
def fork_server(fork_server_process: subprocess.Popen[bytes], server: ScriptedServer) -> Iterator[ForkServer]:
    fork_server = ForkServer(fork_server_process, server.port)
    yield fork_server
    fork_server.kill_all()


def refuse_rows(model: type[Model], column: str, value: str) -> None:
    """Make the database reject new rows of this model with this value until the test's transaction ends."""
    connection.check_constraints()  # PostgreSQL cannot alter a table that has pending constraint checks
    condition = f"{column} = '{value}'"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER refuse BEFORE INSERT ON {model._meta.db_table} WHEN NEW.{condition}"
                " BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        else:
            cursor.execute(
                f"ALTER TABLE {model._meta.db_table} ADD CONSTRAINT refuse CHECK (NOT {condition}) NOT VALID"
            )


def let_time_pass() -> None:
    """Make all unsent emails due, as if all backoffs and leases had ended."""
    Email.objects.unsent().update(due_at=Now())
    AccountEmail.objects.unsent().update(due_at=Now())
