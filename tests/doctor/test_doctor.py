"""Test ``manage.py doctor``: each examination, the exit code, and that it changes nothing."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from core.ids import uuid7
from perfectworks.checks import LOCAL_MEMORY
from perfectworks.doctor import database, deliveries, machine
from perfectworks.doctor.findings import Diagnosis, examine, ok
from tests.factories import AttemptFactory, EmailFactory, WorkerHeartbeatFactory
from tests.support.changes import track_changes

pytestmark = pytest.mark.django_db

HERE = ("database", "migrations", "connections", "clock", "cache", "disk", "worker", "queues", "mail-server")


@pytest.fixture(autouse=True)
def emails_are_files(settings):
    settings.EMAIL_BACKEND = "core.email_files.EmailBackend"


def run(*only, **options):
    out = StringIO()
    call_command("doctor", only=list(only or HERE), stdout=out, **options)
    return out.getvalue()


def findings(examination):
    return [f"{found.level}: {found.text}" for found in examination()]


def test_a_service_that_is_well():
    EmailFactory.create(sent=True)
    WorkerHeartbeatFactory.create()

    with track_changes() as changes:
        found = json.loads(run(json=True))

    assert {one["examination"] for one in found} == set(HERE)
    assert {one["level"] for one in found} <= {"ok", "warning"}
    assert {one["examination"] for one in found if one["level"] == "warning"} <= {"mail-server", "disk"}
    assert changes.events == []


def test_a_failure_ends_with_an_error_and_says_what_to_do():
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")

    with pytest.raises(CommandError, match=r"^Failures: 1\.$"):
        run("migrations")


def test_a_missing_migration_is_named():
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")

    [found] = database.migrations()

    assert found.level == "failure"
    assert found.text.endswith("the first is events.0001_initial.")
    assert found.advice == "Run it as the owner of the tables: DATABASE_URL=$DATABASE_OWNER_URL manage.py migrate."


def test_the_text_shows_the_advice_below_the_finding():
    assert run("mail-server").splitlines() == [
        f"warning  mail-server    Emails are files in {project.EMAIL_FILE_PATH}: nobody gets them.",
        f"{'':<24}Set EMAIL_URL or EMAIL_BACKEND with ANYMAIL.",
    ]


def test_development_mode_is_a_failure(settings):
    settings.DEBUG = True
    assert [found.level for found in machine.configuration()] == ["failure"]


def test_the_checks_of_django_are_findings(settings):
    settings.SECURE_CONTENT_TYPE_NOSNIFF = False
    texts = findings(machine.configuration)
    assert any(
        text.startswith("warning: Your SECURE_CONTENT_TYPE_NOSNIFF setting is not set to True") for text in texts
    )


@pytest.mark.parametrize(
    ("https", "text"),
    [
        (False, "PUBLIC_BASE_URL begins with http: passwords, sessions and links are not encrypted on their way."),
        (True, "http is not redirected to https, because ALLAUTH_TRUSTED_PROXY_COUNT is 0."),
    ],
)
def test_settings_without_https_are_one_finding_that_names_variables(settings, https, text):
    settings.HTTPS = https
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = 0, False
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False

    texts = findings(machine.configuration)

    assert texts.count(f"warning: {text}") == 1
    assert not any("SECURE_" in one for one in texts)


def test_without_redis_each_process_counts_for_itself(settings):
    settings.CACHES = {"default": {"BACKEND": LOCAL_MEMORY}}
    assert findings(machine.cache) == ["ok: CACHE_URL is not set: each web process counts sign-ins for itself."]


def test_redis_that_is_away(settings):
    url = "redis://:secret@127.0.0.1:1/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}

    [found] = findings(machine.cache)

    assert found.startswith("failure: The cache cannot count, so nobody can sign in: ")
    assert "127.0.0.1:1" in found
    assert "secret" not in found


def test_a_worker_that_is_away():
    assert findings(deliveries.worker) == ["failure: No worker runs: nobody gets an email."]


def test_a_worker_that_hangs_or_was_killed_is_named():
    WorkerHeartbeatFactory.create(host="mail-1", process=4711, beat_at=datetime(2026, 3, 1, 2, 30, tzinfo=UTC))

    [found] = deliveries.worker()

    last = "The last heartbeat was at 2026-03-01 02:30 UTC, of process 4711 on mail-1."
    assert found.text == f"No worker runs: nobody gets an email. {last}"
    assert found.advice.endswith("If its process is still there, it hangs: kill it first.")


def test_an_email_that_no_worker_takes():
    WorkerHeartbeatFactory.create()
    EmailFactory.create(due_at=timezone.now() - timedelta(minutes=20))

    [worker] = findings(deliveries.worker)
    assert worker.startswith("failure: No worker is sending emails.")
    assert [text for text in findings(deliveries.queues) if text.startswith("failure")] == [
        "failure: emails: the oldest one that is due waits for 20 minutes."
    ]


def test_what_waits_for_a_later_time_is_counted(owner, organization):
    later, latest = (datetime(2126, 3, 1, hour, tzinfo=UTC) for hour in (2, 3))
    EmailFactory.create_batch(2, state="scheduled", due_at=later)
    EmailFactory.create(state="deferred", due_at=latest)
    EmailFactory.create(state="sending", lease_id=uuid7(), due_at=later)

    assert findings(deliveries.queues) == [
        "ok: emails about accounts: nothing waits.",
        "ok: emails: none is due. Waiting: 1 deferred, the first until 2126-03-01 03:00 UTC; "
        "2 scheduled, the first until 2126-03-01 02:00 UTC; 1 sending.",
        "ok: webhook deliveries: nothing waits.",
    ]


def test_a_mail_server_that_rejects_everything():
    WorkerHeartbeatFactory.create()
    email = EmailFactory.create(state="deferred", due_at=timezone.now() + timedelta(minutes=5))
    for _ in range(5):
        AttemptFactory.create(email=email, state="deferred", response="454 4.7.0 Temporary authentication failure")

    [found] = findings(deliveries.worker)
    assert found.startswith("failure: The mail server accepted none of the last 5 emails. The last attempt was at ")
    assert found.endswith("Its response: 454 4.7.0 Temporary authentication failure")


@pytest.mark.parametrize(("accepted", "level"), [(0, "failure"), (1, "ok")])
def test_a_mail_server_that_refuses_everything_for_good(accepted, level):
    WorkerHeartbeatFactory.create()
    AttemptFactory.create_batch(accepted, state="sent")
    AttemptFactory.create_batch(5 - accepted, state="failed", response="550 5.7.1 This account is on hold")

    [found] = deliveries.worker()

    assert found.level == level
    if not accepted:
        assert found.text.endswith("Its response: 550 5.7.1 This account is on hold")
        assert found.advice.startswith("If it names the sender or your account, ask the mail provider")


@pytest.mark.parametrize(("seconds", "level"), [(0.1, "ok"), (-1.9, "ok"), (2.5, "warning"), (-31, "failure")])
def test_clocks_that_differ(seconds, level):
    assert database.compare_clocks(timedelta(seconds=seconds)).level == level


@pytest.mark.parametrize(
    ("needed", "open_now", "level"), [(12, 3, "ok"), (97, 3, "ok"), (98, 3, "warning"), (12, 88, "failure")]
)
def test_connections_that_do_not_suffice(needed, open_now, level):
    assert database.compare_connections(needed=needed, permitted=97, open_now=open_now).level == level


@pytest.mark.postgresql
def test_the_connections_and_the_clock_of_the_server(settings, monkeypatch):
    assert findings(database.clock)[0].startswith("ok: The clock of the database and of this machine differ by 0.0")
    assert "connections are open. This installation opens at most 12." in findings(database.connections)[-1]

    monkeypatch.setenv("WEB_THREADS", "20")
    assert findings(database.connections)[0] == "warning: A web process has 20 threads, but only 10 connections."


@pytest.mark.postgresql
def test_the_reason_is_the_servers_and_not_the_pools(settings):
    settings.DATABASE_URL = "postgres://me:secret@127.0.0.1:1/pw"

    reason = database.reason_of(OperationalError("couldn't get a connection after 10.00 sec"))

    assert "Connection refused" in reason
    assert "secret" not in reason


@pytest.mark.parametrize(("gigabytes", "level"), [(0.1, "failure"), (1.9, "warning"), (2.1, "ok")])
def test_a_disk_that_is_nearly_full(gigabytes, level):
    assert machine.compare_space(Path("/srv"), int(gigabytes * machine.GIGABYTE)).level == level


def test_an_error_of_one_examination_does_not_hide_the_others():
    def away():
        raise OperationalError("connection to postgres://me:secret@db failed\nIs it running?")

    def broken():
        yield ok("first")
        raise LookupError("secret")

    examinations = {"away": away, "queue": away, "broken": broken, "well": lambda: [ok("fine")]}
    found = list(examine(examinations, {"queue"}))

    assert [(one.examination, one.diagnosis.text) for one in found] == [
        ("away", "The database does not answer: connection to postgres://me:[redacted]@db failed"),
        ("queue", "Not examined, because the database does not answer."),
        ("broken", "The examination stopped with LookupError."),
        ("well", "fine"),
    ]
    assert [one.diagnosis.level for one in found] == ["failure", "unknown", "failure", "ok"]
    assert isinstance(found[0].diagnosis, Diagnosis)
