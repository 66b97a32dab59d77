"""The worker's loop: deliver due emails and run maintenance tasks until asked to stop."""

import logging
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections

from invitations.email.deliver import deliver_next

logger = logging.getLogger(__name__)

MIN_WAIT = 0.1  # seconds, like the other times here
MAX_WAIT = 1.0
MAX_WAIT_AFTER_ERRORS = 5.0
TASK_INTERVAL = 60.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """One process that delivers emails. Any number of workers can run at the same time.

    ``tasks`` are run once a minute, in their order. They must be safe to run in several workers at once.
    """

    def __init__(self, tasks: Iterable[Callable[[], None]]) -> None:
        self.tasks = tuple(tasks)
        self.stop_requested = False
        self.wait = MIN_WAIT
        self.tasks_due = time.monotonic()

    def stop(self) -> None:
        """Stop after the current email."""
        self.stop_requested = True

    def drain(self) -> None:
        """Run the maintenance tasks, deliver all due emails, then return. Raises what a delivery raises."""
        while not self.stop_requested and self.run_once():
            pass

    def run(self) -> None:
        """Work until asked to stop. Errors are logged and do not end the loop, not even a lost database."""
        while not self.stop_requested:
            try:
                delivered = self.run_once()
            except Exception:
                logger.exception("delivery raised an error")
                self.rest(MAX_WAIT_AFTER_ERRORS)
            else:
                self.wait = MIN_WAIT if delivered else self.wait
                if not delivered:
                    self.rest(MAX_WAIT)

    def run_once(self) -> bool:
        """Run the maintenance tasks if they are due, then deliver one email; return whether one was due."""
        close_old_connections()
        if time.monotonic() >= self.tasks_due:
            self.tasks_due = time.monotonic() + TASK_INTERVAL
            for task in self.tasks:
                self.run_task(task)
        return deliver_next()

    def run_task(self, task: Callable[[], None]) -> None:
        """Run one maintenance task. An error in it stops neither the other tasks nor the emails."""
        try:
            task()
        except Exception:
            logger.exception("maintenance task failed", extra={"task": task.__name__})

    def rest(self, max_wait: float) -> None:
        """Sleep twice as long as last time, up to ``max_wait``.

        An idle worker then queries the database once a second.
        """
        time.sleep(self.wait)
        self.wait = min(self.wait * 2, max_wait)


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Stop the worker on SIGTERM or SIGINT while the block runs; restore the former handlers after it."""
    former = {number: signal.signal(number, lambda *_: worker.stop()) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
