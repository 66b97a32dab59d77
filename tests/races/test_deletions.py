"""Somebody deletes deliveries while a worker records the outcome of one of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.email.models import AccountEmail, AccountEmailAttempt
from core.addresses import normalize_address
from invitations.actions import inviting
from invitations.email.models import Attempt, Email
from orgs.actions.accounts import purge_account
from orgs.actions.organizations import purge_organization
from outbox.deliver import record_outcome
from outbox.handlers import Batch
from outbox.leases import reserve_due, take_lease
from outbox.models import DeliveryState
from outbox.outcomes import Outcome
from tests.factories import AccountEmailFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from tests.races.racing import PATIENCE, wait_until_somebody_waits
from tests.support.people import session_of
from webhooks.actions.endpoints import delete_endpoint
from webhooks.models import WebhookAttempt, WebhookDelivery

pytestmark = pytest.mark.postgresql


def delete_while_recording(model: Any, delete: Callable[[], Any]) -> None:
    """Delete while a worker records that the only delivery was sent, right before the worker commits."""
    batch = Batch(reserve_due(model, 1))
    [delivery] = batch.deliveries
    take_lease(delivery)

    def delete_and_disconnect() -> None:
        try:
            delete()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            model.objects.select_for_update().get(pk=delivery.pk)
            deletion = pool.submit(delete_and_disconnect)
            wait_until_somebody_waits()
            record_outcome(delivery, Outcome(DeliveryState.SENT), batch)
        deletion.result(timeout=PATIENCE)


def test_a_webhook_endpoint_is_deleted_with_the_response(founded, somebody):
    owner = somebody()
    organization = founded(owner)
    endpoint = WebhookEndpointFactory.create(organization=organization)
    WebhookDeliveryFactory.create(endpoint=endpoint, waiting=True)
    named = {"by": session_of(owner), "organization_id": organization.pk}

    delete_while_recording(WebhookDelivery, lambda: delete_endpoint(**named, endpoint_id=endpoint.pk))

    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()


def test_an_organization_is_deleted_with_the_response_of_a_webhook_endpoint(founded, somebody):
    owner = somebody()
    organization = founded(owner)
    WebhookDeliveryFactory.create(endpoint=WebhookEndpointFactory.create(organization=organization), waiting=True)

    delete_while_recording(
        WebhookDelivery, lambda: purge_organization(by=session_of(owner), organization_id=organization.pk)
    )

    assert not WebhookAttempt.objects.exists()


def test_an_organization_is_deleted_with_the_response_of_the_mail_server(founded, somebody):
    owner = somebody()
    organization = founded(owner)
    inviting.invite(
        by=session_of(owner), organization_id=organization.pk, email=normalize_address("invitee@example.com")
    )

    delete_while_recording(Email, lambda: purge_organization(by=session_of(owner), organization_id=organization.pk))

    assert not Attempt.objects.exists()


def test_an_account_is_erased_with_the_response_of_the_mail_server(somebody):
    person = somebody()
    AccountEmailFactory.create(user=person, purpose="password_changed", recipient="former@example.com")

    delete_while_recording(AccountEmail, lambda: purge_account(by=session_of(person), user=person))

    assert not AccountEmail.objects.exists()
    assert not AccountEmailAttempt.objects.exists()
