"""The worker's day: deliver what is due, do the chores, wait a moment; until asked to stop."""

import logging
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections

from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.email.deliver import deliver_next

logger = logging.getLogger(__name__)

MIN_WAIT = 0.1
MAX_WAIT = 1.0
MAX_WAIT_AFTER_ERRORS = 5.0
TASK_INTERVAL = 60.0
STOPPING = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """One process that sends mails; any number of them share the work."""

    def __init__(self, tasks: Iterable[Callable[[], None]] = MAINTENANCE_TASKS) -> None:
        self.tasks = tasks
        self.asked_to_stop = False
        self.wait = MIN_WAIT
        self.tasks_due = time.monotonic()

    def stop(self) -> None:
        """Finish the mail in hand, and no other."""
        self.asked_to_stop = True

    def drain(self) -> None:
        """Do the chores, deliver everything that is due, and return; raises what goes wrong with a delivery."""
        while not self.asked_to_stop and self.run_once():
            pass

    def run(self) -> None:
        """Work until asked to stop. Nothing else ends it: not a lost database, not a fault in one turn."""
        while not self.asked_to_stop:
            try:
                worked = self.run_once()
            except Exception:
                logger.exception("The worker goes on after this.")
                self.rest(MAX_WAIT_AFTER_ERRORS)
            else:
                self.wait = MIN_WAIT if worked else self.wait
                if not worked:
                    self.rest(MAX_WAIT)

    def run_once(self) -> bool:
        """Deliver one mail, and do the chores when it is time; whether there was a mail."""
        close_old_connections()
        if time.monotonic() >= self.tasks_due:
            self.tasks_due = time.monotonic() + TASK_INTERVAL
            for task in self.tasks:
                self.do(task)
        return deliver_next()

    def do(self, task: Callable[[], None]) -> None:
        """Do one chore; what goes wrong in it stops neither the others nor the mails."""
        try:
            task()
        except Exception:
            logger.exception("The worker goes on after a fault in %s.", task.__name__)

    def rest(self, longest: float) -> None:
        """Wait twice as long as the last time, so that an idle worker asks the database about once a second."""
        time.sleep(self.wait)
        self.wait = min(self.wait * 2, longest)


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Let SIGTERM and SIGINT ask the worker to stop, for as long as the block runs."""
    former = {number: signal.signal(number, lambda *_: worker.stop()) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
