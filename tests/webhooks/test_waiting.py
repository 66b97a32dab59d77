"""Test that the next attempt waits as long as the endpoint asks, within the schedule."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from orgs.actions.organizations import update_organization
from outbox.handlers import Batch
from tests.factories import WebhookDeliveryFactory
from tests.support.people import session_of
from tests.webhooks.receiving import Receiver
from webhooks.actions.replaying import replay_delivery
from webhooks.handling import DELAYS, SCHEDULE, WebhookHandler, outcome_of
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.sending import Reply

pytestmark = pytest.mark.django_db

Deliver = Callable[[], None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (429, "3600", HOUR),
        (503, "3600", HOUR),
        (503, "1", DELAYS[0]),  # the schedule is longer
        (503, str(30 * 24 * 3600), SCHEDULE),
        (500, "3600", DELAYS[0]),
        (302, "3600", DELAYS[0]),
    ],
)
def test_the_next_attempt_is_when_the_endpoint_asks_for_it(
    owner, endpoint: WebhookEndpoint, receiver: Receiver, deliver: Deliver, status: int, asked: str, expected: timedelta
):
    receiver.respond = lambda received: status
    receiver.headers = {"Retry-After": asked}
    update_organization(by=session_of(owner), organization_id=endpoint.organization_id, name="One")
    deliver()

    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status) == ("deferred", 1, status)
    assert delivery.due_at is not None
    assert expected - timedelta(seconds=10) < delivery.due_at - timezone.now() < expected * 1.11


@pytest.mark.parametrize(("age", "expected"), [(timedelta(), DAY), (3 * DAY, SCHEDULE - 3 * DAY), (9 * DAY, DELAYS[0])])
def test_an_endpoint_cannot_prolong_the_schedule(age: timedelta, expected: timedelta):
    delivery = WebhookDeliveryFactory.build(created_at=timezone.now() - age)
    wait = outcome_of(Reply(429, "", 0.1, DAY)).wait

    assert abs(WebhookHandler(delivery, Batch([delivery])).retry_delay(1, wait) - expected) < expected * 0.11


def test_a_replay_begins_the_schedule_again(owner, organization, endpoint, receiver: Receiver, deliver: Deliver):
    named = {"by": session_of(owner), "organization_id": organization.pk, "endpoint_id": endpoint.pk}
    update_organization(by=named["by"], organization_id=organization.pk, name="One")
    deliver()
    WebhookDelivery.objects.update(created_at=timezone.now() - 9 * DAY)
    receiver.respond, receiver.headers = lambda received: 429, {"Retry-After": "86400"}
    replay_delivery(**named, delivery_id=WebhookDelivery.objects.get().pk)
    deliver()

    due_at = WebhookDelivery.objects.get().due_at
    assert due_at is not None
    assert due_at - timezone.now() > DAY - timedelta(minutes=1)
