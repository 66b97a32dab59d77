"""Test SMTP timeouts: a worker waits as long as the SMTP standard requires, but never longer than its lease."""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import repeat

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from core.smtp import AFTER_CONTENT, max_session_duration
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from outbox.deliver import DATABASE_RETRY_DELAYS
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import DEADLINE, GOOD, ScriptedServer
from tests.outbox.slow_server import SlowServer
from tests.support.outbox import deliver_next

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

Invite = Callable[..., Invitation]
SlowMailServer = Callable[..., SlowServer]
ENDLESS = repeat("2")
ENDLESS_LINES = repeat("250-Wait\r\n")
TIMED_OUT = "Connection unexpectedly closed: timed out"


@pytest.fixture
def slow_mail_server(settings: Settings) -> Iterator[SlowMailServer]:
    """Return a function that starts a slow SMTP server and configures this process to use it."""
    started: list[tuple[SlowServer, threading.Thread]] = []

    def start(step: str, pieces: Iterable[str], *, delay: float) -> SlowServer:
        server = SlowServer(step, pieces, delay)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
        return server

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join(DEADLINE)
        server.server_close()


@pytest.mark.parametrize("step", ["CONNECT", "RCPT", "CONTENT"])
def test_a_response_after_the_email_timeout_causes_no_second_copy(
    slow_mail_server: SlowMailServer, settings: Settings, invite: Invite, step: str
) -> None:
    email = invite().emails.get()
    settings.EMAIL_TIMEOUT = 0.2
    server = slow_mail_server(step, [f"{GOOD[step]}\r\n"], delay=0.6)
    assert deliver_next()
    let_time_pass()
    assert not deliver_next()
    email.refresh_from_db()
    assert (email.state, email.response, email.attempts) == ("sent", GOOD["CONTENT"], 1)
    assert server.copies == 1


@pytest.mark.parametrize(
    ("step", "pieces"),
    [("CONNECT", ENDLESS), ("EHLO", ENDLESS_LINES), ("MAIL", ENDLESS_LINES), ("DATA", ENDLESS)],
    ids=["greeting", "EHLO", "MAIL", "DATA"],
)
def test_a_slow_server_cannot_extend_the_deadline(
    slow_mail_server: SlowMailServer, settings: Settings, invite: Invite, step: str, pieces: Iterable[str]
) -> None:
    email = invite().emails.get()
    settings.SMTP_SECONDS_UNTIL_CONTENT = 0.5
    server = slow_mail_server(step, pieces, delay=0.02)
    assert deliver_next()
    email.refresh_from_db()
    assert (email.state, email.response, email.attempts) == ("deferred", TIMED_OUT, 1)
    assert server.copies == 0


def test_an_endless_response_to_the_content_is_recorded_as_maybe_accepted(
    slow_mail_server: SlowMailServer, settings: Settings, invite: Invite
) -> None:
    email = invite().emails.get()
    settings.SMTP_SECONDS_AFTER_CONTENT = 0.5
    server = slow_mail_server("CONTENT", ENDLESS_LINES, delay=0.02)
    assert deliver_next()
    email.refresh_from_db()
    response = f"{TIMED_OUT} {AFTER_CONTENT}"
    assert (email.state, email.response) == ("deferred", response)
    assert list(email.history.values_list("state", "response")) == [("deferred", response)]
    assert server.copies == 1


def test_a_response_to_quit_is_not_awaited(
    slow_mail_server: SlowMailServer, settings: Settings, invite: Invite
) -> None:
    email = invite().emails.get()
    settings.EMAIL_TIMEOUT = 2
    slow_mail_server("QUIT", ENDLESS, delay=0.02)
    assert deliver_next()
    email.refresh_from_db()
    assert email.state == "sent"


def test_no_other_worker_claims_an_email_during_the_longest_session(
    mail_server: ScriptedServer, invite: Invite
) -> None:
    invite()
    hold = mail_server.hold("CONTENT")
    others: list[bool] = []

    def claim_during_the_session() -> None:
        hold.wait()
        without_database = timedelta(seconds=sum(DATABASE_RETRY_DELAYS))
        Email.objects.update(due_at=F("due_at") - max_session_duration() - without_database)
        others.append(deliver_next())
        connection.close()
        hold.release()

    thread = threading.Thread(target=claim_during_the_session)
    thread.start()
    assert deliver_next()
    thread.join(DEADLINE)
    assert others == [False]
    assert len(mail_server.accepted) == Attempt.objects.count() == 1
    assert Email.objects.get().state == "sent"


def test_the_response_to_the_content_is_awaited_as_long_as_the_standard_asks(settings: Settings) -> None:
    assert settings.SMTP_SECONDS_AFTER_CONTENT >= 10 * 60
