"""The worker's loop: deliver what is due and run maintenance tasks until ``stop`` is called.

The queues of one transport share it and take turns, a batch each. Different transports do not wait for each other: each
has a thread of its own, and the first one shares the main thread with the maintenance tasks.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from django.db import close_old_connections, connections

from outbox.deliver import BATCH_SECONDS, deliver_batch
from outbox.handlers import Queue, Transport, registered_queues

logger = logging.getLogger(__name__)

MIN_WAIT = 0.1  # in seconds, like all times in this module
MAX_WAIT = 0.5
MAX_WAIT_AFTER_ERRORS = 5.0
TASK_INTERVAL = 60.0
MAX_BATCH = 50
Task = Callable[[], bool | None]
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Lane:
    """The queues of one transport."""

    def __init__(self, transport: Transport, queues: Sequence[Queue]) -> None:
        self.transport, self.queues = transport, queues
        self.batch_sizes = dict.fromkeys(queues, 1)

    def run_once(self, is_stopped: Callable[[], bool]) -> bool:
        """Deliver a batch of each queue. Return whether there may be more. If nothing is due, close the transport."""
        close_old_connections()
        delivered = [self.deliver(queue, is_stopped) for queue in self.queues if not is_stopped()]
        if not any(delivered):
            self.transport.close()
        return any(delivered)

    def close(self) -> None:
        """Close the transport. Nothing is being sent then."""
        self.transport.close()

    def deliver(self, queue: Queue, is_stopped: Callable[[], bool]) -> int:
        """Deliver a batch. Make the next one larger only if it was fast: other workers cannot take reserved rows."""
        started = time.monotonic()
        delivered = deliver_batch(queue.model, self.transport, self.batch_sizes[queue], is_stopped)
        is_fast = time.monotonic() - started < BATCH_SECONDS / 2
        self.batch_sizes[queue] = max(1, min(2 * delivered, MAX_BATCH) if is_fast else delivered // 2)
        return delivered


class Worker:
    """One process that delivers. Any number of workers can run at the same time.

    ``tasks`` run once a minute, in the given order. It must be safe to run them in several workers at the same time. A
    task that returns True has more to do: it runs again after the next batches.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = tuple(tasks)
        self.unfinished: list[Task] = []
        self.stop_requested = False
        self.tasks_due = time.monotonic()
        self.lanes = list(_lanes())

    def stop(self) -> None:
        """Stop after the current delivery."""
        self.stop_requested = True

    def drain(self) -> None:
        """Run the maintenance tasks, deliver all that is due, then return. Raises what ``deliver_batch`` raises."""
        try:
            while not self.stop_requested and self.run_once():
                pass
        finally:
            self.close()

    def run(self) -> None:
        """Work until ``stop`` is called. Errors are logged and do not end the loop, even if the database is down."""
        first, *others = self.lanes
        threads = [threading.Thread(target=self._repeat_in_thread, args=[lane]) for lane in others]
        for thread in threads:
            thread.start()
        self._repeat(lambda: self.run_tasks() | first.run_once(self.is_stopped), first)
        for thread in threads:
            thread.join()

    def run_once(self) -> bool:
        """Run the maintenance tasks if they are due, then deliver a batch of each queue. Return whether to continue."""
        more = [self.run_tasks(), *(lane.run_once(self.is_stopped) for lane in self.lanes)]
        return any(more)

    def run_tasks(self) -> bool:
        """Run the maintenance tasks that are due or unfinished. Return whether any has more to do.

        The first transport is closed before, so that the other side does not wait.
        """
        close_old_connections()
        if time.monotonic() >= self.tasks_due:
            self.lanes[0].transport.close()
            self.tasks_due = time.monotonic() + TASK_INTERVAL
            self.unfinished = [*self.tasks]
        self.unfinished = [task for task in self.unfinished if self.run_task(task)]
        return bool(self.unfinished)

    def run_task(self, task: Task) -> bool:
        """Run one maintenance task. Return whether it has more to do.

        Log an error, so that the other tasks and the deliveries continue.
        """
        try:
            return task() is True
        except Exception:
            logger.exception("maintenance task failed", extra={"task": task.__name__})
            return False

    def is_stopped(self) -> bool:
        """Return whether ``stop`` was called."""
        return self.stop_requested

    def close(self) -> None:
        """Close all transports."""
        for lane in self.lanes:
            lane.close()

    def _repeat_in_thread(self, lane: Lane) -> None:
        try:
            self._repeat(lambda: lane.run_once(self.is_stopped), lane)
        finally:
            connections.close_all()

    def _repeat(self, step: Callable[[], bool], lane: Lane) -> None:
        """Repeat the step until ``stop`` is called. While nothing is to be done, wait twice as long each time.

        An idle worker therefore queries the database only once per ``MAX_WAIT``.
        """
        wait = MIN_WAIT
        while not self.stop_requested:
            max_wait = MAX_WAIT
            try:
                if step():
                    wait = MIN_WAIT
                    continue
            except Exception:
                logger.exception("delivery raised an error")
                lane.transport.close()
                max_wait = MAX_WAIT_AFTER_ERRORS
            time.sleep(wait)
            wait = min(wait * 2, max_wait)
        lane.close()


def _lanes() -> Iterator[Lane]:
    queues = sorted(registered_queues(), key=lambda queue: queue.transport.__name__)
    for transport, found in groupby(queues, key=lambda queue: queue.transport):
        of_transport = [*found]
        yield (of_transport[0].lane or Lane)(transport(), of_transport)


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Stop the worker on SIGTERM or SIGINT while the block runs. Restore the previous signal handlers afterwards."""
    former = {number: signal.signal(number, lambda *_: worker.stop()) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
