"""The factory of the heartbeats of workers."""

from django.db.models.functions import Now
from factory import LazyFunction, Sequence
from factory.django import DjangoModelFactory

from outbox.models import WorkerHeartbeat


class WorkerHeartbeatFactory(DjangoModelFactory[WorkerHeartbeat]):
    """A worker that runs."""

    class Meta:
        model = WorkerHeartbeat

    host = "worker.example.com"
    process = Sequence(lambda number: 1000 + number)
    beat_at = LazyFunction(Now)
