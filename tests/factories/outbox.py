"""The factory of the heartbeats of workers."""

from django.db.models.functions import Now
from factory import LazyFunction, Sequence

from outbox.models import WorkerHeartbeat
from tests.factories.base import ModelFactory


class WorkerHeartbeatFactory(ModelFactory[WorkerHeartbeat]):
    """A worker that runs."""

    class Meta:
        model = WorkerHeartbeat

    host = "worker.example.com"
    process = Sequence(lambda number: 1000 + number)
    beat_at = LazyFunction(Now)
