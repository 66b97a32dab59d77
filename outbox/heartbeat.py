"""The heartbeat of a worker: a row that it updates every few seconds, so that others know that it runs.

A thread of its own does this, because sending one email may take minutes. Whether a worker that runs also makes
progress is seen from the age of what waits (``oldest_due_at``).
"""

import logging
import os
import socket
import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Now

from core.ids import uuid7
from outbox.handlers import Queue, email_queues
from outbox.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

INTERVAL = 15.0  # seconds
KEPT_FOR = timedelta(days=1)  # the row of a worker that was killed


class Heartbeat:
    """Update the row of this worker while the ``with`` block runs, and delete it afterwards."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self.interval = interval
        self.id = uuid7()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._repeat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.thread.join()

    def beat(self) -> None:
        """Update the row, or add it. At the start, delete the rows of workers that were killed long ago."""
        rows = WorkerHeartbeat.objects.filter(pk=self.id)
        if not rows.update(beat_at=Now()):
            WorkerHeartbeat.objects.filter(beat_at__lt=Now() - KEPT_FOR).delete()
            WorkerHeartbeat.objects.create(id=self.id, host=socket.gethostname()[:255], process=os.getpid())

    def _repeat(self) -> None:
        try:
            self._safely(self.beat)
            while not self.stopped.wait(self.interval):
                self._safely(self.beat)
            self._safely(WorkerHeartbeat.objects.filter(pk=self.id).delete)
        finally:
            connections.close_all()

    def _safely(self, step: Any) -> None:
        """Run a step. While the database does not respond, there is no heartbeat, and the worker goes on."""
        try:
            step()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("heartbeat not recorded", extra={"error": type(error).__name__})
            connections.close_all()


def oldest_due_at(queue: Queue) -> datetime | None:
    """Return since when something of this queue has been due. None if nothing is due."""
    rows: Any = queue.model._default_manager
    due_at: datetime | None = rows.due().values_list("due_at", flat=True).first()
    return due_at


def oldest_due_email_at() -> datetime | None:
    """Return since when an email has been due. Webhooks do not count: a slow receiver can make them wait for hours."""
    return min(filter(None, map(oldest_due_at, email_queues())), default=None)
