"""Test the heartbeat of workers."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from outbox.heartbeat import KEPT_FOR, Heartbeat
from outbox.models import WorkerHeartbeat
from tests.factories import WorkerHeartbeatFactory


@pytest.mark.django_db
def test_a_worker_has_one_row_that_it_keeps_up_to_date():
    heartbeat = Heartbeat()
    heartbeat.beat()
    WorkerHeartbeat.objects.update(beat_at=Now() - timedelta(hours=1))
    assert not WorkerHeartbeat.objects.alive().exists()
    heartbeat.beat()
    assert WorkerHeartbeat.objects.alive().get().pk == heartbeat.id


@pytest.mark.django_db
def test_a_worker_that_starts_deletes_the_rows_of_those_killed_long_ago():
    WorkerHeartbeatFactory.create(beat_at=Now() - KEPT_FOR - timedelta(minutes=1))
    killed = WorkerHeartbeatFactory.create(beat_at=Now() - timedelta(hours=1))
    heartbeat = Heartbeat()
    heartbeat.beat()
    assert set(WorkerHeartbeat.objects.values_list("pk", flat=True)) == {killed.pk, heartbeat.id}


@pytest.mark.django_db(transaction=True)
def test_the_row_exists_while_the_worker_runs():
    with Heartbeat(interval=0.01) as heartbeat:
        row = WorkerHeartbeat.objects.alive().filter(pk=heartbeat.id)
        assert any(row.exists() for _ in range(10_000))
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.django_db
def test_a_database_that_does_not_respond_is_logged_and_does_not_stop_the_worker(caplog, monkeypatch):
    def away(*_: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    with connection.execute_wrapper(away):
        heartbeat = Heartbeat()
        heartbeat._safely(heartbeat.beat)
    assert caplog.messages == ["heartbeat not recorded"]
