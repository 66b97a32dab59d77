"""Emails that somebody waits for are sent at once. This test measures time, with a bound that a busy machine keeps."""

import subprocess
import time
from collections.abc import Callable

import pytest
from django.test import Client

from tests.outbox.scripted_server import ScriptedServer
from tests.outbox.test_worker import wait_until_ready

BOUND = 5.0  # seconds; it usually takes less than a tenth of it, see docs/performance.md


@pytest.mark.django_db(transaction=True)
def test_an_email_about_an_account_is_sent_when_its_cause_is_committed(
    server: ScriptedServer, start_worker: Callable[..., subprocess.Popen[str]]
) -> None:
    wait_until_ready(start_worker())
    durations = []
    for number in range(1, 4):
        Client().post("/accounts/password/reset/", {"email": f"somebody-{number}@example.com"})
        committed = time.monotonic()
        server.wait_for_emails(number)
        durations.append(time.monotonic() - committed)

    assert max(durations) < BOUND
