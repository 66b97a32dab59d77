"""Test the health endpoints, including with an unmigrated or missing database."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from tests.factories import AccountEmailFactory, EmailFactory, WebhookDeliveryFactory, WorkerHeartbeatFactory


def test_live_needs_no_database(client):
    response = client.get("/healthz/live")

    assert (response.status_code, response.json()) == (200, {"status": "live"})


@pytest.mark.django_db
def test_ready_when_the_database_is_available_and_migrated(client, django_assert_num_queries):
    WorkerHeartbeatFactory.create()
    # Django checks whether the migrations table exists, and reads its rows. Then the worker and two queues of emails.
    with django_assert_num_queries(5):
        response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "warnings": []})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_unready_while_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")

    response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (503, {"status": "unready", "reason": "migrations"})


@pytest.mark.django_db
def test_without_a_worker_requests_are_handled_and_the_service_is_impaired(client):
    WorkerHeartbeatFactory.create(beat_at=Now() - timedelta(minutes=2))
    ready, service = client.get("/healthz/ready"), client.get("/healthz/service")

    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "warnings": ["worker"]})
    assert (service.status_code, service.json()) == (503, {"status": "impaired", "reasons": ["worker"]})


@pytest.mark.django_db
@pytest.mark.parametrize("factory", [EmailFactory, AccountEmailFactory])
def test_the_service_is_impaired_while_an_email_has_been_due_for_minutes(client, factory):
    WorkerHeartbeatFactory.create()
    due = {"state": "queued", "sent_at": None}
    waiting = factory.create(**due, due_at=Now() - timedelta(minutes=4))
    assert client.get("/healthz/service").json() == {"status": "ok"}

    type(waiting).objects.update(due_at=Now() - timedelta(minutes=6))
    response = client.get("/healthz/service")
    assert (response.status_code, response.json()) == (503, {"status": "impaired", "reasons": ["queue"]})
    type(waiting).objects.update(due_at=Now() + timedelta(days=1))
    assert client.get("/healthz/service").status_code == 200


@pytest.mark.django_db
def test_webhooks_that_wait_for_a_slow_receiver_do_not_impair_the_service(client):
    WorkerHeartbeatFactory.create()
    WebhookDeliveryFactory.create(state="queued", sent_at=None, due_at=Now() - timedelta(hours=1))

    assert client.get("/healthz/service").json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_service_is_impaired_while_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")
    response = client.get("/healthz/service")
    assert (response.status_code, response.json()) == (503, {"status": "impaired", "reasons": ["migrations"]})


@pytest.mark.django_db
def test_a_database_that_does_not_respond_is_the_reason(client):
    def away(*_: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(away):
        ready, service = client.get("/healthz/ready"), client.get("/healthz/service")
    assert (ready.status_code, ready.json()) == (503, {"status": "unready", "reason": "database"})
    assert (service.status_code, service.json()) == (503, {"status": "impaired", "reasons": ["database"]})


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "[fd00::7]", "evil.test", "not a host", "bücher.test"])
@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_a_check_may_name_any_host_and_needs_no_https(client, settings, path, host):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_only_reading_is_allowed(client, path):
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
