"""The worker's loop: deliver due emails and run maintenance tasks until ``stop`` is called."""

import logging
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections

from core.smtp import connection_for_worker
from invitations.email.deliver import BATCH_SECONDS, deliver_batch
from invitations.email.transport import close_connection

logger = logging.getLogger(__name__)

MIN_WAIT = 0.1  # in seconds, like all times in this module
MAX_WAIT = 1.0
MAX_WAIT_AFTER_ERRORS = 5.0
TASK_INTERVAL = 60.0
MAX_BATCH = 50
Task = Callable[[], bool | None]
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """One process that delivers emails. Any number of workers can run at the same time.

    ``tasks`` run once a minute, in the given order. It must be safe to run them in several workers at the same time. A
    task that returns True has more to do: it runs again after the next batch of emails.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = tuple(tasks)
        self.unfinished: list[Task] = []
        self.stop_requested = False
        self.wait = MIN_WAIT
        self.tasks_due = time.monotonic()
        self.connection = connection_for_worker()
        self.batch_size = 1

    def stop(self) -> None:
        """Stop after the current email."""
        self.stop_requested = True

    def drain(self) -> None:
        """Run the maintenance tasks, deliver all due emails, then return. Raises what ``deliver_batch`` raises."""
        try:
            while not self.stop_requested and self.run_once():
                pass
        finally:
            close_connection(self.connection)

    def run(self) -> None:
        """Work until ``stop`` is called. Errors are logged and do not end the loop, even if the database is down."""
        while not self.stop_requested:
            try:
                has_more = self.run_once()
            except Exception:
                logger.exception("delivery raised an error")
                close_connection(self.connection)
                self.rest(MAX_WAIT_AFTER_ERRORS)
            else:
                self.wait = MIN_WAIT if has_more else self.wait
                if not has_more:
                    self.rest(MAX_WAIT)
        close_connection(self.connection)

    def run_once(self) -> bool:
        """Run the maintenance tasks if they are due, then deliver a batch of emails. Return whether there may be more.

        The connection to the mail server stays open until nothing is due, or until the maintenance tasks are due.
        """
        close_old_connections()
        if time.monotonic() >= self.tasks_due:
            close_connection(self.connection)
            self.tasks_due = time.monotonic() + TASK_INTERVAL
            self.unfinished = [*self.tasks]
        self.unfinished = [task for task in self.unfinished if self.run_task(task)]
        delivered = self.deliver()
        if not delivered:
            close_connection(self.connection)
        return delivered > 0 or bool(self.unfinished)

    def deliver(self) -> int:
        """Deliver a batch. Make the next one larger only if it was fast: other workers cannot take reserved emails."""
        started = time.monotonic()
        delivered = deliver_batch(self.connection, self.batch_size, lambda: self.stop_requested)
        is_fast = time.monotonic() - started < BATCH_SECONDS / 2
        self.batch_size = max(1, min(2 * delivered, MAX_BATCH) if is_fast else delivered // 2)
        return delivered

    def run_task(self, task: Task) -> bool:
        """Run one maintenance task. Return whether it has more to do.

        Log an error, so that the other tasks and the emails continue.
        """
        try:
            return task() is True
        except Exception:
            logger.exception("maintenance task failed", extra={"task": task.__name__})
            return False

    def rest(self, max_wait: float) -> None:
        """Sleep twice as long as the last time, up to ``max_wait``.

        An idle worker therefore queries the database only once per ``MAX_WAIT``.
        """
        time.sleep(self.wait)
        self.wait = min(self.wait * 2, max_wait)


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Stop the worker on SIGTERM or SIGINT while the block runs. Restore the previous signal handlers afterwards."""
    former = {number: signal.signal(number, lambda *_: worker.stop()) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
