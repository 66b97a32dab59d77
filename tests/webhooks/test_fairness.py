"""Test that a slow endpoint delays only itself, and that no organization takes the worker from the others."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from orgs.actions.organizations import update_organization
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from outbox.handlers import Queue
from tests.factories import MembershipFactory, OrganizationFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from tests.factories.webhooks import SECRET
from tests.support.people import session_of
from tests.webhooks.receiving import Received, Receiver, receiving
from webhooks import lane as lanes
from webhooks.handling import WebhookHandler, WebhookTransport
from webhooks.lane import RESERVED, SHARE, THREADS, WebhookLane
from webhooks.models import HOLDING_ATTEMPTS, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db

FEW, MANY = 5, 10  # webhooks
STEPS = 100  # a step waits for a tenth of a second at most
ENDPOINTS = 20  # of one organization


class SlowReceiver:
    """A receiver that responds only after ``release``."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver, self.released = receiver, threading.Event()
        receiver.respond = self.respond
        self.release = self.released.set

    def respond(self, received: Received) -> int:
        self.released.wait(timeout=30)
        return 200


@pytest.fixture
def slow(settings: Any) -> Iterator[SlowReceiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving(SECRET) as receiver:
        found = SlowReceiver(receiver)
        yield found
        found.release()


@pytest.fixture
def lane(slow: SlowReceiver) -> Iterator[WebhookLane]:
    lane = WebhookLane(WebhookTransport(), [Queue(WebhookDelivery, WebhookHandler, WebhookTransport)])
    yield lane
    slow.release()
    lane.close()


def run_until(lane: WebhookLane, receiver: Receiver, count: int) -> None:
    """Let the worker work until the receiver has so many webhooks. The slow receiver has not responded then."""
    for _ in range(STEPS):
        if len(receiver.received) >= count:
            return
        lane.step()
    raise AssertionError(f"Only {len(receiver.received)} of {count} webhooks arrived.")


def add_endpoints(organization: Organization, receiver: Receiver, count: int) -> list[WebhookEndpoint]:
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)
    created: list[WebhookEndpoint] = WebhookEndpointFactory.create_batch(
        count, organization=organization, url=receiver.url
    )
    return created


def rename(organization: Organization, *, times: int) -> None:
    owner = organization.memberships.filter(assignments__role=OWNER_ROLE).first()
    assert owner is not None
    for number in range(times):
        update_organization(by=session_of(owner.user), organization_id=organization.pk, name=f"Name {number}")


def new_organization() -> Organization:
    organization: Organization = OrganizationFactory.create()
    MembershipFactory.create(organization=organization, role_id=OWNER_ROLE)
    return organization


def under_way(lane: WebhookLane, slow: SlowReceiver) -> list[Any]:
    """Return the organization of each request that waits for the slow receiver."""
    requests = [
        (sending, sending.batch.rows.endpoints[sending.delivery.endpoint_id]) for sending in lane.sending.values()
    ]
    return [sending.organization_id for sending, endpoint in requests if endpoint.url == slow.receiver.url]


def test_slow_endpoints_do_not_delay_another_of_their_organization(
    organization: Organization, slow: SlowReceiver, receiver: Receiver, lane: WebhookLane
):
    add_endpoints(organization, slow.receiver, ENDPOINTS - 1)
    add_endpoints(organization, receiver, 1)
    rename(organization, times=FEW)
    run_until(lane, receiver, FEW)

    assert [received.json["sequence"] for received in receiver.received] == [1, 2, 3, 4, 5]
    assert len(under_way(lane, slow)) == ENDPOINTS - 1


def test_organizations_with_many_slow_endpoints_and_webhooks_do_not_delay_another(
    organization: Organization, slow: SlowReceiver, receiver: Receiver, lane: WebhookLane
):
    for _ in range(THREADS // ENDPOINTS + 1):
        busy = new_organization()
        add_endpoints(busy, slow.receiver, ENDPOINTS)
        rename(busy, times=FEW)
    for _ in range(STEPS):
        if len(under_way(lane, slow)) < THREADS - RESERVED:
            lane.step()
    add_endpoints(organization, receiver, 1)
    rename(organization, times=FEW)
    run_until(lane, receiver, FEW)

    requests = under_way(lane, slow)
    assert len(requests) == THREADS - RESERVED
    assert min(requests.count(key) for key in set(requests)) > SHARE


def test_webhooks_that_an_endpoint_has_missed_do_not_delay_others(
    organization: Organization,
    slow: SlowReceiver,
    receiver: Receiver,
    lane: WebhookLane,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(lanes, "CANDIDATES", ENDPOINTS + 1)
    for missing in add_endpoints(new_organization(), slow.receiver, ENDPOINTS):
        WebhookDeliveryFactory.create_batch(3, endpoint=missing, deferred=True, attempts=HOLDING_ATTEMPTS)
    WebhookDelivery.objects.update(due_at=Now())
    add_endpoints(organization, receiver, 1)
    rename(organization, times=1)
    run_until(lane, receiver, 1)

    assert len(under_way(lane, slow)) == ENDPOINTS


def test_a_free_thread_goes_to_the_organization_that_has_waited_longest(
    organization: Organization,
    slow: SlowReceiver,
    receiver: Receiver,
    lane: WebhookLane,
    monkeypatch: pytest.MonkeyPatch,
):
    """With one thread, organizations whose webhooks have waited for longer do not come first again and again."""
    monkeypatch.setattr(lanes, "THREADS", 1)
    slow.release()
    others = [new_organization() for _ in range(3)]
    for other in others:
        add_endpoints(other, slow.receiver, 2)
        rename(other, times=MANY)
    lane.step()
    WebhookDelivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    add_endpoints(organization, receiver, 1)
    rename(organization, times=2)
    run_until(lane, receiver, 2)

    told = [received.json["data"]["organizationId"] for received in slow.receiver.received]
    assert len(told) <= 3 * len(others)
    assert max(told.count(key) for key in told) - min(told.count(str(other.pk)) for other in others) <= 1


def test_an_endpoint_of_many_that_always_have_news_is_fed(
    organization: Organization,
    slow: SlowReceiver,
    receiver: Receiver,
    lane: WebhookLane,
    monkeypatch: pytest.MonkeyPatch,
):
    """The others have chosen a type that never happens. Each event is news for them all the same."""
    monkeypatch.setattr("webhooks.feeding.ENDPOINTS_AT_ONCE", 1)
    busy = new_organization()
    idle = add_endpoints(busy, slow.receiver, 3)
    WebhookEndpoint.objects.filter(pk__in=[one.pk for one in idle]).update(event_types=["role.created"])
    add_endpoints(organization, receiver, 1)
    rename(organization, times=1)
    for _ in range(STEPS):
        rename(busy, times=1)
        lane.step()
        if receiver.received:
            break

    assert len(receiver.received) == 1
