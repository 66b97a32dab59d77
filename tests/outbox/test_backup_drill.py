"""The drill of a backup: copy the database while the service works, restore it elsewhere, and go on there.

The steps are those of docs/operations.md, Backups. After them the data is intact, and no email is sent a second time,
except those that the backup lists as unsent. Both copies of such an email are the same.
"""

import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from outbox.worker import Worker
from perfectworks.database_roles import DatabaseRoles
from tests.outbox.kill_points import MANY, UNLIMITED, require_identical_copies
from tests.outbox.scripted_server import ScriptedServer
from tests.support.scratch import run_python, scratch_database, superuser_url

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("intact_data"),
    pytest.mark.skipif(
        not (shutil.which("pg_dump") and shutil.which("pg_restore")), reason="needs pg_dump, pg_restore"
    ),
]

BEFORE = 5  # emails that are sent before the backup
DURING = 10  # invitations that the service makes before and while pg_dump runs, at least
CHECK_AND_SEND = """
import django; django.setup()
from django.core.management import call_command
call_command("verify")
call_command("worker", "--once")
"""


@pytest.fixture(autouse=True)
def _no_sending_limits(settings: Settings) -> None:
    for name in UNLIMITED:
        setattr(settings, name, MANY)


def test_a_backup_made_under_load_restores_everything_and_repeats_only_what_it_lists_as_unsent(
    mail_server: ScriptedServer, invite: Callable[..., Invitation], tmp_path: Path
) -> None:
    dump = tmp_path / "perfectworks.dump"
    early = [invite(f"early-{number}@example.com") for number in range(BEFORE)]
    Worker(()).drain()
    waiting = invite("waiting@example.com").emails.get()
    Email.objects.filter(pk=waiting.pk).update(due_at=timezone.now() + timedelta(hours=1))
    with load(invite) as made:
        wait_for(made, DURING)
        back_up(dump)
        at_backup = len(made)
        wait_for(made, at_backup + 1)
    Email.objects.unsent().update(due_at=timezone.now())
    Worker(()).drain()
    assert Counter(ids_of(mail_server)) == Counter(Email.objects.values_list("pk", flat=True))

    with scratch_database() as urls:
        restore(dump, urls)
        sent, unsent = emails_in(urls["DATABASE_ADMIN_URL"])
        assert {email.pk for one in early for email in one.emails.all()} <= sent
        assert waiting.pk in unsent
        require_earlier_state(urls["DATABASE_ADMIN_URL"])
        went_on = run_python(environment(urls, mail_server), "-c", CHECK_AND_SEND)

    assert went_on.returncode == 0, went_on.stderr
    again = [one for one, count in Counter(ids_of(mail_server)).items() if count > 1]
    assert sorted(again) == sorted(unsent)
    assert max(Counter(ids_of(mail_server)).values()) == 2
    require_identical_copies(mail_server)


@contextmanager
def load(invite: Callable[..., Invitation]) -> Iterator[list[Invitation]]:
    """Invite people and send emails in two threads while the block runs. Give the list of the invitations."""
    made: list[Invitation] = []
    ended = threading.Event()
    worker = Worker(())

    def invite_people() -> None:
        while not ended.is_set():
            made.append(invite(f"load-{len(made)}@example.com"))
        connections.close_all()

    def send() -> None:
        while not ended.is_set():
            worker.run_once()
        worker.close()
        connections.close_all()

    threads = [threading.Thread(target=one, daemon=True) for one in (invite_people, send)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def wait_for(made: list[Invitation], number: int) -> None:
    deadline = threading.Event()
    for _ in range(1000):
        if len(made) >= number:
            return
        deadline.wait(0.02)
    pytest.fail("No invitations are made.")


def back_up(dump: Path) -> None:
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"]
    subprocess.run([*command, superuser_url(connection.settings_dict["NAME"])], check=True)


def restore(dump: Path, urls: dict[str, str]) -> None:
    """Create the roles, then restore as the owner. Let all leases end."""
    with psycopg.connect(urls["DATABASE_ADMIN_URL"]) as superuser:
        DatabaseRoles.from_urls(urls["DATABASE_URL"], urls["DATABASE_OWNER_URL"]).create(superuser)
    command = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"]
    subprocess.run([*command, f"--dbname={urls['DATABASE_OWNER_URL']}", str(dump)], check=True)
    with psycopg.connect(urls["DATABASE_ADMIN_URL"]) as superuser:
        superuser.execute("UPDATE invitations_email SET due_at = now() WHERE due_at IS NOT NULL")


def emails_in(url: str) -> tuple[set[Any], set[Any]]:
    """Return the ids of the emails that were sent when the backup was made, and of those that were not."""
    with psycopg.connect(url) as session:
        rows = session.execute("SELECT id, due_at IS NULL FROM invitations_email").fetchall()
    return {pk for pk, is_sent in rows if is_sent}, {pk for pk, is_sent in rows if not is_sent}


def require_earlier_state(url: str) -> None:
    """Check that the events of the copy are the first events of the original, each with what it says."""
    originals = list(Event.objects.exclude(number=None).order_by("number").values_list("number", "id", "kind"))
    with psycopg.connect(url) as session:
        copies = session.execute(
            "SELECT number, id, kind FROM events_event WHERE number IS NOT NULL ORDER BY number"
        ).fetchall()
    assert BEFORE + DURING < len(copies) <= len(originals)
    assert copies == originals[: len(copies)]


def environment(urls: dict[str, str], server: ScriptedServer) -> dict[str, str]:
    return {
        "PATH": urls["PATH"],
        "DJANGO_SETTINGS_MODULE": "perfectworks.settings",
        "DEBUG": "1",
        "DATABASE_URL": urls["DATABASE_URL"],
        "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
        **dict.fromkeys(UNLIMITED, str(MANY)),
    }


def ids_of(server: ScriptedServer) -> list[Any]:
    """Return the ids of the emails that the server has accepted, one for each copy."""
    keys = {email.message_id: email.pk for email in Email.objects.all()}
    return [keys[delivery.message_id] for delivery in server.accepted]
