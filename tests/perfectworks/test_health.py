"""Test the health endpoints, including with an unmigrated or missing database."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


def test_live_needs_no_database(client):
    response = client.get("/healthz/live")

    assert (response.status_code, response.json()) == (200, {"status": "live"})


@pytest.mark.django_db
def test_ready_when_the_database_is_available_and_migrated(client, django_assert_num_queries):
    with django_assert_num_queries(2):  # Django checks whether the migrations table exists, and reads its rows
        response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_unready_while_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")

    response = client.get("/healthz/ready")

    assert (response.status_code, response.json()) == (503, {"status": "unready", "reason": "migrations"})


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
