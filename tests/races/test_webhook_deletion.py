"""Somebody deletes a webhook endpoint while a worker records a response of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from orgs.models import Organization
from outbox.deliver import record_outcome
from outbox.handlers import Batch
from outbox.leases import reserve_due, take_lease
from outbox.models import DeliveryState
from tests.factories import WebhookDeliveryFactory, WebhookEndpointFactory
from tests.races.racing import PATIENCE, wait_until_somebody_waits
from tests.support.people import session_of
from webhooks.actions.endpoints import delete_endpoint
from webhooks.handling import WebhookOutcome
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint


@pytest.mark.postgresql
def test_the_response_is_deleted_too(founded, somebody):
    owner = somebody()
    organization: Organization = founded(owner)
    endpoint = WebhookEndpointFactory.create(organization=organization)
    WebhookDeliveryFactory.create(endpoint=endpoint, waiting=True)
    batch = Batch(reserve_due(WebhookDelivery, 1))
    [delivery] = batch.deliveries
    take_lease(delivery)

    def delete() -> None:
        try:
            delete_endpoint(by=session_of(owner), organization_id=organization.pk, endpoint_id=endpoint.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
            deletion = pool.submit(delete)
            wait_until_somebody_waits()
            record_outcome(delivery, WebhookOutcome(DeliveryState.SENT, status=200), batch)
        deletion.result(timeout=PATIENCE)

    assert not WebhookEndpoint.objects.exists()
    assert not WebhookAttempt.objects.exists()
