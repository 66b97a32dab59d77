"""Send webhooks, many at once, so that a slow endpoint delays only itself.

A thread of the worker reads and writes the database; the threads of a pool wait for the endpoints. Each endpoint has
one request at a time, and each organization a few, so that the slow endpoints of one do not take all threads.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
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

THREADS = 32
REQUESTS_OF_ORGANIZATION = 4
CANDIDATES = 500
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
        """Reserve deliveries of as many endpoints as there are free threads, and start to send them."""
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
        """Return the deliveries to send now, with their organizations: one of each endpoint, and within the limits.

        Hundreds of due deliveries of an endpoint do not hide those of others: it is left out of the next look.
        """
        busy = {sending.delivery.endpoint_id for sending in self.sending.values()}
        requests = Counter(sending.organization_id for sending in self.sending.values())
        chosen: dict[UUID, UUID] = {}
        found: Any = range(CANDIDATES)
        while len(found) == CANDIDATES and len(self.sending) + len(chosen) < THREADS:
            full = [key for key, count in requests.items() if count >= REQUESTS_OF_ORGANIZATION]
            due = WebhookDelivery.objects.due().exclude(endpoint__in=busy).exclude(endpoint__organization__in=full)
            found = due.values_list("pk", "endpoint_id", "endpoint__organization_id")[:CANDIDATES]
            for key, endpoint_id, organization_id in found:
                is_full = requests[organization_id] >= REQUESTS_OF_ORGANIZATION
                if endpoint_id not in busy and not is_full and len(self.sending) + len(chosen) < THREADS:
                    busy.add(endpoint_id)
                    requests[organization_id] += 1
                    chosen[key] = organization_id
        return chosen

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


def _record(delivery: WebhookDelivery, outcome: Outcome, batch: Batch) -> None:
    """Record an outcome. If another worker may have the delivery, the receiver gets it again with the same id."""
    with within(delivery.cause), suppress(LeaseLost):
        record_outcome(delivery, outcome, batch)
