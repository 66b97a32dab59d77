"""Test ``manage.py healthcheck``, the health check of a worker's container."""

import json
import socket
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from tests.factories import WorkerHeartbeatFactory

pytestmark = pytest.mark.django_db

HOST = socket.gethostname()


def run(**options):
    out = StringIO()
    call_command("healthcheck", stdout=out, **options)
    return out.getvalue()


def test_a_worker_of_this_machine_is_healthy(django_assert_num_queries):
    WorkerHeartbeatFactory.create(host=HOST)

    with django_assert_num_queries(1):
        assert run() == f"A worker runs on {HOST}.\n"
    assert json.loads(run(json=True)) == {"host": HOST, "workerRuns": True}


@pytest.mark.parametrize(("host", "seconds"), [("another", 0), (HOST, 61)])
def test_another_worker_or_an_old_heartbeat_is_not_enough(host, seconds):
    WorkerHeartbeatFactory.create(host=host, beat_at=Now() - timedelta(seconds=seconds))

    with pytest.raises(CommandError, match=rf"^No worker on {HOST} has updated its heartbeat within a minute\.$"):
        run()
