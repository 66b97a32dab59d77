"""Test worker processes: several workers at once, stopping, and lost database connections."""

import signal
import socket
import subprocess
import threading
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from events.models import Event
from invitations.actions import ending, maintenance
from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from outbox.worker import Worker
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import DEADLINE, ScriptedServer
from tests.support.outbox import claim_due_email, deliver_next

pytestmark = pytest.mark.django_db(transaction=True)

Invite = Callable[..., Invitation]
StartWorker = Callable[..., subprocess.Popen[str]]


def wait_until_ready(worker: subprocess.Popen[str]) -> None:
    assert worker.stdout
    assert any("worker ready" in line for line in worker.stdout)


def states() -> list[str]:
    return list(Email.objects.order_by("id").values_list("state", flat=True))


def test_an_idle_worker_sends_what_is_queued_later(
    server: ScriptedServer, start_worker: StartWorker, invite: Invite
) -> None:
    at_quit = server.hold("QUIT")
    wait_until_ready(start_worker())
    invitation = invite()
    at_quit.wait()
    assert states() == ["sent"]
    assert [delivery.message_id for delivery in server.accepted] == [invitation.emails.get().message_id]


def test_two_workers_share_the_work(server: ScriptedServer, start_worker: StartWorker, invite: Invite) -> None:
    for number in range(20):
        invite(f"invitee-{number}@example.com")
    stuck = server.hold("CONTENT")
    workers = start_worker("--once"), start_worker("--once")
    stuck.wait()
    server.wait_for_emails(19)
    stuck.release()
    server.wait_for_emails(20)
    assert [worker.wait(DEADLINE) for worker in workers] == [0, 0]
    assert states() == ["sent"] * 20
    assert {delivery.message_id for delivery in server.accepted} == set(
        Email.objects.values_list("message_id", flat=True)
    )
    assert len(server.accepted) == Attempt.objects.count() == 20


@pytest.mark.any_database
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_the_current_email_only(
    server: ScriptedServer, start_worker: StartWorker, invite: Invite, number: signal.Signals
) -> None:
    at_content, waiting = invite("first@example.com"), invite("second@example.com")
    hold = server.hold("CONTENT")
    worker = start_worker()
    hold.wait()
    worker.send_signal(number)
    hold.release()
    assert worker.wait(DEADLINE) == 0
    assert at_content.emails.get().state == "sent"
    assert waiting.emails.get().state == "queued"
    assert [delivery.recipients for delivery in server.accepted] == [["first@example.com"]]


@pytest.mark.any_database
def test_an_idle_worker_stops_at_once(start_worker: StartWorker) -> None:
    worker = start_worker()
    wait_until_ready(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(DEADLINE) == 0


def test_once_sends_everything_that_is_due_and_exits(mail_server: ScriptedServer, invite: Invite) -> None:
    for number in range(3):
        invite(f"invitee-{number}@example.com")
    mail_server.script("RCPT", "451 4.3.0 Later")
    call_command("worker", "--once")
    assert states() == ["deferred", "sent", "sent"]
    call_command("worker", "--once")
    assert states() == ["deferred", "sent", "sent"]
    let_time_pass()
    call_command("worker", "--once")
    assert states() == ["sent", "sent", "sent"]


def test_the_log_says_what_the_mail_server_responded_and_how_long_it_took(
    mail_server: ScriptedServer, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "outbox.deliver")
    mail_server.rcpt_replies = {"full@example.com": "452 4.2.2 Mailbox full"}
    invitation = invite("full@example.com")

    Worker(()).drain()

    [line] = [vars(record) for record in caplog.records if record.name == "outbox.deliver"]
    assert (line["msg"], line["response"]) == ("email deferred", "452 4.2.2 Mailbox full")
    assert (line["invitation_id"], line["organization_id"]) == (invitation.pk, invitation.organization_id)
    assert line["duration_ms"] > 0


def test_the_worker_runs_the_maintenance_tasks(mail_server: ScriptedServer, invite: Invite) -> None:
    overdue = invite()
    Invitation.objects.update(expires_at=Now())
    Worker(MAINTENANCE_TASKS).drain()
    overdue.refresh_from_db()
    assert overdue.status == "expired"


def test_an_error_in_one_maintenance_task_stops_neither_the_others_nor_the_emails(
    mail_server: ScriptedServer, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    overdue, wanted = invite("late@example.com"), invite("early@example.com")
    Invitation.objects.filter(pk=overdue.pk).update(expires_at=Now())
    Worker((broken, *MAINTENANCE_TASKS)).drain()
    overdue.refresh_from_db()
    assert overdue.status == "expired"
    assert wanted.emails.get().state == "sent"
    faults = [(record.getMessage(), vars(record)["task"]) for record in caplog.records if record.exc_info]
    assert faults == [("maintenance task failed", "broken")]


def test_emails_are_sent_between_batches_of_overdue_invitations(
    mail_server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MAX_ORGANIZATIONS", 1)
    monkeypatch.setattr(ending, "BATCH", 1)
    for number in range(3):
        invite(f"late-{number}@example.com")
    Email.objects.all().delete()
    Invitation.objects.update(expires_at=Now())
    early = invite("early@example.com").emails.get()
    worker, expired = Worker([maintenance.expire_overdue]), Invitation.objects.filter(status="expired")
    assert worker.run_once()
    early.refresh_from_db()
    assert (expired.count(), early.state) == (1, "sent")
    worker.drain()
    assert expired.count() == 3


def test_a_worker_does_not_start_with_an_unknown_email_backend(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "nowhere.EmailBackend"
    with pytest.raises(ImportError):
        call_command("worker")


def test_a_worker_does_not_start_if_its_metrics_cannot_be_served(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.METRICS_PORT = other.getsockname()[1]
        with pytest.raises(CommandError, match=r"cannot be used: .*Address already in use.*Set another METRICS_PORT"):
            call_command("worker")


def test_a_worker_that_lost_its_lease_writes_nothing(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    hold = mail_server.hold("RCPT")
    mail_server.script("RCPT", "550 5.1.1 No such mailbox")
    taken: list[Email | None] = []

    def claim_it() -> None:
        hold.wait()
        Email.objects.update(due_at=Now())
        taken.append(claim_due_email())
        connection.close()
        hold.release()

    thread = threading.Thread(target=claim_it)
    thread.start()
    assert deliver_next()
    thread.join(DEADLINE)
    [other] = taken
    assert other is not None
    email = Email.objects.get()
    assert (email.state, email.lease_id, email.attempts, email.response) == ("sending", other.lease_id, 0, "")
    assert Attempt.objects.count() == 0
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()
    assert not Event.objects.about(invitation).filter(kind="invitation.failed").exists()


def test_an_email_and_its_invitation_are_saved_together_or_not_at_all(invite: Invite) -> None:
    class Undone(Exception):
        pass

    def invite_and_fail() -> None:
        with transaction.atomic():
            invite()
            raise Undone

    with pytest.raises(Undone):
        invite_and_fail()
    assert (Invitation.objects.count(), Email.objects.count()) == (0, 0)


# Lost database connections (PostgreSQL only)


def end_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def wait_until_a_lock_is_awaited() -> None:
    with connection.cursor() as cursor:
        for _ in range(int(DEADLINE * 100)):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01)"
                " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
            )
            if cursor.fetchone() != (0,):
                return
    pytest.fail("No connection waits for a lock.")


@pytest.mark.postgresql
def test_an_idle_worker_connects_again(server: ScriptedServer, start_worker: StartWorker, invite: Invite) -> None:
    invite("first@example.com")
    first, second = server.hold("QUIT"), server.hold("QUIT")
    start_worker()
    first.wait()
    end_other_connections()
    first.release()
    invite("second@example.com")
    second.wait()
    assert states() == ["sent", "sent"]


@pytest.mark.postgresql
def test_a_connection_lost_during_a_delivery_causes_no_second_copy(
    server: ScriptedServer, start_worker: StartWorker, invite: Invite
) -> None:
    invite()
    at_content, at_quit = server.hold("CONTENT"), server.hold("QUIT")
    start_worker()
    at_content.wait()
    end_other_connections()
    at_content.release()
    at_quit.wait()
    assert states() == ["sent"]
    assert len(server.accepted) == Attempt.objects.count() == 1


@pytest.mark.postgresql
def test_a_connection_lost_while_recording_causes_no_second_copy(
    server: ScriptedServer, start_worker: StartWorker, invite: Invite
) -> None:
    email = invite().emails.get()
    at_content, at_quit = server.hold("CONTENT"), server.hold("QUIT")
    start_worker()
    at_content.wait()
    with transaction.atomic():
        Email.objects.select_for_update().get(pk=email.pk)
        at_content.release()
        wait_until_a_lock_is_awaited()
        end_other_connections()
    at_quit.wait()
    assert states() == ["sent"]
    assert len(server.accepted) == Attempt.objects.count() == 1
