"""Test that a worker sends several emails over one connection, and that the loss of a connection costs nothing."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from outbox.deliver import deliver_batch
from outbox.email_transport import EmailTransport
from outbox.worker import Worker
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import GOOD, HANG_UP, SAY_NOTHING, ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

Invite = Callable[..., Invitation]
CLOSING = "421 4.7.0 Too many messages over this connection"


@pytest.fixture
def emails(invite: Invite) -> list[Email]:
    """Three emails that are due."""
    return [invite(f"invitee-{number}@example.com").emails.get() for number in range(3)]


def reply_to_second(server: ScriptedServer, step: str, *replies: str) -> None:
    """Set the server's responses to a step of the second email. The first email of a connection has no RSET."""
    server.script(step, *([] if step == "RSET" else [GOOD[step]]), *replies)


def sent() -> list[tuple[str, int]]:
    return list(Email.objects.order_by("id").values_list("state", "attempts"))


def recipients(server: ScriptedServer) -> list[str]:
    return [recipient for delivery in server.accepted for recipient in delivery.recipients]


def with_one_connection(size: int) -> None:
    """Deliver this many emails over one connection. On a busy machine, they do not fit into one batch."""
    transport = EmailTransport()
    while size > 0 and (delivered := deliver_batch(Email, transport, size)):
        size -= delivered
    transport.close()


def test_emails_that_are_due_share_a_connection(mail_server: ScriptedServer, emails: list[Email]) -> None:
    Worker(()).drain()
    assert sent() == [("sent", 1)] * 3
    assert recipients(mail_server) == [email.recipient for email in emails]
    assert mail_server.sessions == 1
    assert mail_server.lines_sent[-1].startswith("221 ")


def test_a_worker_signs_in_once_for_each_connection(
    mail_server: ScriptedServer, settings: Settings, emails: list[Email]
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "postmaster", "correct horse"
    mail_server.script("RSET", HANG_UP)
    Worker(()).drain()
    assert sent() == [("sent", 1)] * 3
    assert mail_server.sessions == 2
    assert [line for line in mail_server.lines_sent if line.startswith("235 ")] == ["235 2.7.0 Welcome"] * 2


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("RSET", HANG_UP),
        ("RSET", CLOSING),
        ("RSET", "500 5.5.1 Not known here"),
        ("MAIL", HANG_UP),
        ("MAIL", CLOSING),
        ("MAIL", "452 4.5.3 Too many messages"),
        ("MAIL", "550 5.7.1 Too many messages"),
        ("RCPT", HANG_UP),
        ("RCPT", CLOSING),
    ],
)
def test_a_server_that_ends_a_connection_gets_a_new_one_and_no_attempt_is_counted(
    mail_server: ScriptedServer, emails: list[Email], step: str, reply: str
) -> None:
    reply_to_second(mail_server, step, reply)
    Worker(()).drain()
    assert sent() == [("sent", 1)] * 3
    assert Attempt.objects.count() == 3
    assert recipients(mail_server) == [email.recipient for email in emails]
    assert mail_server.sessions == 2


def test_a_silent_server_gets_a_new_connection(
    mail_server: ScriptedServer, settings: Settings, emails: list[Email]
) -> None:
    settings.EMAIL_TIMEOUT = 1
    mail_server.script("RSET", SAY_NOTHING)
    Worker(()).drain()
    assert sent() == [("sent", 1)] * 3
    assert mail_server.sessions == 2


@pytest.mark.parametrize(
    ("step", "reply", "state"),
    [
        ("RCPT", "450 4.2.1 Greylisted", "deferred"),
        ("RCPT", "550 5.1.1 No such mailbox", "failed"),
        ("DATA", "451 4.3.0 Local trouble", "deferred"),
    ],
)
def test_a_response_about_the_email_counts_on_a_kept_connection_and_does_not_end_it(
    mail_server: ScriptedServer, emails: list[Email], step: str, reply: str, state: str
) -> None:
    reply_to_second(mail_server, step, reply)
    with_one_connection(3)
    assert sent()[:3] == [("sent", 1), (state, 1), ("sent", 1)]
    assert mail_server.sessions == 1


@pytest.mark.parametrize("reply", [HANG_UP, "421 4.3.2 Closing down"])
def test_an_email_whose_content_may_have_arrived_is_not_sent_again_at_once(
    mail_server: ScriptedServer, emails: list[Email], reply: str
) -> None:
    reply_to_second(mail_server, "CONTENT", reply)
    Worker(()).drain()
    assert sent() == [("sent", 1), ("deferred", 1), ("sent", 1)]
    assert recipients(mail_server) == [emails[0].recipient, emails[2].recipient]


def test_a_second_connection_that_fails_counts_as_one_attempt(mail_server: ScriptedServer, emails: list[Email]) -> None:
    reply_to_second(mail_server, "MAIL", CLOSING, "451 4.3.0 Local trouble")
    with_one_connection(2)
    assert sent() == [("sent", 1), ("deferred", 1), ("queued", 0)]
    assert Attempt.objects.get(email=emails[1]).response == "451 4.3.0 Local trouble"


def test_a_second_connection_does_not_extend_the_deadline(
    mail_server: ScriptedServer, settings: Settings, emails: list[Email]
) -> None:
    """The lease of the email covers one deadline, whatever the number of connections."""
    transport = EmailTransport()
    deliver_batch(Email, transport, 1)
    connection = transport.connection
    connection.start_email()  # type: ignore[attr-defined]
    connection.close()
    connection.open()
    assert connection.connection.deadline == connection.deadline  # type: ignore[attr-defined]
    connection.close()


def test_a_batch_that_is_stopped_releases_the_rest(mail_server: ScriptedServer, emails: list[Email]) -> None:
    transport = EmailTransport()
    assert deliver_batch(Email, transport, 3, is_stopped=lambda: True) == 1
    transport.close()
    assert sent() == [("sent", 1), ("queued", 0), ("queued", 0)]
    assert set(Email.objects.due()) == set(emails[1:])


def test_emails_that_need_no_server_leave_the_connection_closed(
    mail_server: ScriptedServer, emails: list[Email]
) -> None:
    Invitation.objects.update(status="cancelled", finished_at="2026-01-01T00:00Z")
    Worker(()).drain()
    assert {state for state, _ in sent()} == {"dropped"}
    assert mail_server.sessions == 0


def test_the_connection_is_closed_before_the_maintenance_tasks(mail_server: ScriptedServer, invite: Invite) -> None:
    lines: list[str] = []
    worker = Worker((lambda: lines.extend(mail_server.lines_sent[-1:]),))
    invite()
    assert worker.run_once()
    worker.tasks_due = 0
    let_time_pass()
    assert not worker.run_once()
    assert [line[:3] for line in lines] == ["221"]
