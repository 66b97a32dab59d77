"""Send webhooks, many at once, so that a slow endpoint delays only itself.

A thread of the worker reads and writes the database; the threads of a pool wait for the endpoints. Each endpoint has
one request at a time. Organizations take turns: a free thread goes to the organization with the fewest requests under
way and, among these, to the one that has waited for the longest time.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DatabaseError, InterfaceError, close_old_connections

from core.request_context import within
from outbox.deliver import not_sent, prepare, record_outcome
from outbox.handlers import Batch, Queue
from outbox.leases import LeaseLost, release, reserve
from outbox.outcomes import Outcome
from outbox.worker import Lane
from webhooks.feeding import feed_endpoints
from webhooks.models import WebhookDelivery

THREADS = 64
SHARE = 4  # an organization with so many requests under way leaves the last threads to others
RESERVED = 16  # the last threads
CANDIDATES = 2000  # endpoints; an organization has few, so they are of many organizations
REMEMBERED = 1000  # organizations whose last turn is known
WAIT = 0.1  # seconds until the worker looks for further deliveries while requests are under way


class Sending(NamedTuple):
    """A request that is under way."""

    delivery: WebhookDelivery
    batch: Batch
    organization_id: UUID


class WebhookLane(Lane):
    """The queue of webhooks."""

    def __init__(self, transport: Any, queues: Sequence[Queue]) -> None:
        super().__init__(transport, queues)
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self.sending: dict[Future[Any], Sending] = {}
        self.turns: dict[UUID, float] = {}  # when a request of the organization was last started

    def run_once(self, is_stopped: Callable[[], bool]) -> bool:
        """Record what has finished, and start what is due. Return whether there may be more."""
        close_old_connections()
        return self.step(is_stopped)

    def step(self, is_stopped: Callable[[], bool] = lambda: False) -> bool:
        """Do what ``run_once`` does, over the present connection to the database."""
        self._record_finished()
        if not is_stopped():
            feed_endpoints()
            self._start_due(is_stopped)
        if not self.sending:
            return False
        wait(self.sending, timeout=WAIT, return_when=FIRST_COMPLETED)
        return True

    def close(self) -> None:
        """Wait for the requests that are under way, and record their outcomes."""
        wait(self.sending)
        self._record_finished()
        super().close()

    def _record_finished(self) -> None:
        for future in [future for future in self.sending if future.done()]:
            delivery, batch, _ = self.sending.pop(future)
            error = future.exception()
            outcome = not_sent(delivery, error) if isinstance(error, Exception) else future.result()
            _record(delivery, outcome, batch)

    def _start_due(self, is_stopped: Callable[[], bool]) -> None:
        """Reserve deliveries for the free threads, and start to send them."""
        chosen = self._choose()
        if not chosen:
            return
        batch = Batch(reserve(WebhookDelivery.objects.due().filter(pk__in=chosen), len(chosen)))
        for number, delivery in enumerate(batch.deliveries):
            if is_stopped():
                release(batch.deliveries[number:])
                return
            self._start(delivery, batch, chosen[delivery.pk])

    def _choose(self) -> dict[UUID, UUID]:
        """Return the deliveries to send now, with their organizations: at most one of each endpoint."""
        free = THREADS - len(self.sending)
        requests = Counter(sending.organization_id for sending in self.sending.values())
        heads = self._heads() if free else {}
        line = [(requests[key], self.turns.get(key, 0), place, key) for place, key in enumerate(heads)]
        heapify(line)
        chosen: dict[UUID, UUID] = {}
        while line and free - len(chosen) > (RESERVED if line[0][0] >= SHARE else 0):
            under_way, turn, place, key = heappop(line)
            chosen[heads[key].popleft()] = key
            if heads[key]:
                heappush(line, (under_way + 1, turn, place, key))
        return chosen

    def _heads(self) -> dict[UUID, deque[UUID]]:
        """Return the next delivery of each endpoint that has no request under way, by organization, earliest first."""
        busy = [sending.delivery.endpoint_id for sending in self.sending.values()]
        heads: dict[UUID, deque[UUID]] = {}
        for key, organization_id in WebhookDelivery.objects.next_of_endpoints(but=busy)[:CANDIDATES]:
            heads.setdefault(organization_id, deque()).append(key)
        return heads

    def _start(self, delivery: WebhookDelivery, batch: Batch, organization_id: UUID) -> None:
        with within(delivery.cause):
            try:
                prepared = prepare(delivery, batch)
            except LeaseLost:
                return
            except (DatabaseError, InterfaceError):
                raise
            except Exception as error:
                prepared = not_sent(delivery, error)
        if isinstance(prepared, Outcome):
            _record(delivery, prepared, batch)
        else:
            future = self.pool.submit(self.transport.send, prepared)
            self.sending[future] = Sending(delivery, batch, organization_id)
            self._note_turn(organization_id)

    def _note_turn(self, organization_id: UUID) -> None:
        self.turns.pop(organization_id, None)
        self.turns[organization_id] = time.monotonic()
        if len(self.turns) > REMEMBERED:
            del self.turns[next(iter(self.turns))]


def _record(delivery: WebhookDelivery, outcome: Outcome, batch: Batch) -> None:
    """Record an outcome. If another worker may have the delivery, the receiver gets it again with the same id."""
    with within(delivery.cause), suppress(LeaseLost):
        record_outcome(delivery, outcome, batch)
