"""Kill workers at every point of a delivery: no webhook is lost, and repetitions have the same id and body.

The receiver accepts a webhook before the worker commits the result. If the worker is killed in between, the webhook is
sent again. At any other point, a repetition is an error.
"""

import os
import queue
import signal
import threading
from collections import Counter
from typing import NamedTuple

import pytest
from django.db.models.functions import Now

from accounts.models import User
from orgs.actions.organizations import update_organization
from orgs.models import Organization
from tests.outbox.kill_points import ForkServer
from tests.outbox.scripted_server import DEADLINE
from tests.repetition import times
from tests.support.people import session_of
from tests.webhooks.receiving import Received, Receiver
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("intact_data")]

FEED = r'INSERT INTO "webhooks_webhookdelivery"'
FED = r'UPDATE "webhooks_webhookendpoint" SET "position"'
RESERVE = r'UPDATE "webhooks_webhookdelivery" SET "due_at" = [^,]* WHERE "webhooks_webhookdelivery"."id" IN'
LOAD = r'FROM "webhooks_webhookmessage" WHERE "webhooks_webhookmessage"."id" IN'
LEASE = r'UPDATE "webhooks_webhookdelivery" .*\bsending\b'
MARK_SENT = r'UPDATE "webhooks_webhookdelivery" .*\bsent\b'
MARK_DEFERRED = r'UPDATE "webhooks_webhookdelivery" .*\bdeferred\b'
INSERT_ATTEMPT = r'INSERT INTO "webhooks_webhookattempt"'
BATCH = 3  # webhooks that wait when a worker starts


class WebhookPoint(NamedTuple):
    """A point at which a worker is killed: before or after a statement, or while the receiver has the request.

    ``in_window`` means that the receiver has accepted the webhook but the worker has not committed the result.
    """

    name: str
    sql: str = ""
    when: str = ""
    status: int = 200
    in_window: bool = False


WEBHOOK_POINTS = [
    WebhookPoint("before deliveries are made", FEED, "before"),
    WebhookPoint("deliveries made, the position not moved", FED, "before"),
    WebhookPoint("the position moved, before the commit", FED, "after"),
    WebhookPoint("before the reservation", RESERVE, "before"),
    WebhookPoint("before the reservation is committed", RESERVE, "after"),
    WebhookPoint("reserved", LOAD, "before"),
    WebhookPoint("before the lease", LEASE, "before"),
    WebhookPoint("before the lease is committed", LEASE, "after"),
    WebhookPoint("while the receiver has the request", in_window=True),
    WebhookPoint("after the response", MARK_SENT, "before", in_window=True),
    WebhookPoint("half recorded", MARK_SENT, "after", in_window=True),
    WebhookPoint("recorded, before the commit", INSERT_ATTEMPT, "after", in_window=True),
    WebhookPoint("after a 500", MARK_DEFERRED, "before", status=500),
]


def rename(owner: User, organization: Organization, name: str) -> None:
    update_organization(by=session_of(owner), organization_id=organization.pk, name=name)


def deliver_the_rest(killer: ForkServer) -> None:
    """Run a new worker as if all leases and delays had ended, until nothing is due."""
    while True:
        WebhookDelivery.objects.unsent().update(due_at=Now())
        if not WebhookDelivery.objects.unsent().exists() and not WebhookEndpoint.objects.filter(has_news=True).exists():
            return
        killer.wait_for_end(killer.start("deliver_webhooks"))


@pytest.mark.parametrize("point", WEBHOOK_POINTS, ids=lambda point: point.name)
def test_nothing_is_lost_and_repetitions_are_identical(
    owner: User,
    organization: Organization,
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    killer: ForkServer,
    point: WebhookPoint,
    request: pytest.FixtureRequest,
):
    kills = request.config.getoption("--kills") or times(1, in_full=8)
    workers: queue.Queue[int] = queue.Queue()
    first = threading.Event()

    def respond(received: Received) -> int:
        """Treat the first request of each worker as the point says, and accept the others."""
        if first.is_set():
            return 200
        first.set()
        if not point.sql:
            os.kill(workers.get(timeout=DEADLINE), signal.SIGKILL)
        return point.status

    receiver.respond = respond
    for number in range(kills):
        for more in range(BATCH):
            rename(owner, organization, f"Name {number} {more}")
        first.clear()
        worker = killer.start("deliver_webhooks", stop={"sql": point.sql, "when": point.when, "after": 0})
        workers.put(worker)
        if point.sql:
            killer.wait_until_stopped()
            killer.kill(worker)
        else:
            killer.wait_for_end(worker)
        first.set()
        WebhookDelivery.objects.unsent().update(due_at=Now())
    deliver_the_rest(killer)

    messages = {message.header_id for message in WebhookMessage.objects.all()}
    copies = Counter(receiver.ids)
    assert set(copies) == messages
    assert len(messages) == kills * BATCH
    assert {*WebhookDelivery.objects.values_list("state", flat=True)} == {"sent"}
    assert len({(received.id, received.body) for received in receiver.received}) == len(messages)
    repeated = sum(copies.values()) - len(messages)
    assert repeated == (kills if point.in_window or point.status != 200 else 0)
    attempts = WebhookAttempt.objects.count()
    assert attempts == len(messages)
    sequences = {*WebhookDelivery.objects.values_list("sequence", flat=True)}
    assert sequences == {*range(1, len(messages) + 1)}


def test_a_request_killed_before_its_commit_sends_nothing(
    owner: User, organization: Organization, endpoint: WebhookEndpoint, receiver: Receiver, killer: ForkServer
):
    request = killer.start(
        "rename",
        stop={"sql": r'INSERT INTO "webhooks_webhookmessage"', "when": "after"},
        by=owner.email,
        organization_id=str(organization.pk),
        name="Never",
    )
    killer.wait_until_stopped()
    killer.kill(request)
    killer.wait_for_end(killer.start("deliver_webhooks"))

    assert (WebhookMessage.objects.count(), receiver.received) == (0, [])
