"""Test how staff find the webhook endpoints of an organization, help with them, and read their deliveries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.encryption import decrypt
from events.models import Event
from orgs.models import Organization
from tests.admin.test_admin import address_of, press
from tests.admin.test_long_lists import shown
from tests.factories import WebhookAttemptFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from tests.factories.webhooks import FORMER_SECRET, SECRET
from tests.support.queries import query_summaries
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db

ENDPOINTS, DELIVERIES = "/admin/webhooks/webhookendpoint/", "/admin/webhooks/webhookdelivery/"


@pytest.fixture
def endpoint(organization: Organization) -> WebhookEndpoint:
    found: WebhookEndpoint = WebhookEndpointFactory.create(organization=organization, rotated=True)
    return found


def test_endpoints_are_found_by_their_organization_state_and_url(admin_pages: Client, endpoint: WebhookEndpoint):
    failing = WebhookEndpointFactory.create(failing_since=endpoint.created_at, url="https://crm.example.org/in")
    gone = WebhookEndpointFactory.create(state="gone", failing_since=endpoint.created_at)

    def found(**parameters: Any) -> list[Any]:
        return shown(admin_pages, ENDPOINTS, **parameters)

    assert found() == [gone, failing, endpoint]
    assert found(organization=endpoint.organization_id) == [endpoint]
    assert found(state="gone") == [gone]
    assert found(health="failing") == [failing]
    assert found(health="ended") == [gone]
    assert found(q="crm.example.org") == found(q=str(failing.organization_id)) == found(q=str(failing.pk)) == [failing]


def test_deliveries_are_found_by_their_endpoint_state_url_and_webhook_id(
    admin_pages: Client, endpoint: WebhookEndpoint
):
    sent = WebhookDeliveryFactory.create(endpoint=endpoint)
    first, second = (WebhookDeliveryFactory.create(waiting=True, endpoint__organization=endpoint.organization)
                     for _ in range(2))  # fmt: skip
    deferred = WebhookDeliveryFactory.create(deferred=True, endpoint=first.endpoint)
    WebhookDelivery.objects.filter(pk=second.pk).update(endpoint=first.endpoint)  # it waits for the first one

    def found(**parameters: Any) -> list[Any]:
        return shown(admin_pages, DELIVERIES, **parameters)

    assert found() == [deferred, second, first, sent]
    assert found(endpoint=endpoint.pk) == found(state="sent") == found(q=endpoint.url) == [sent]
    assert found(queue="due") == [first, second]
    assert found(queue="later") == [deferred]
    assert found(q=sent.message.header_id) == found(q=str(endpoint.pk)) == [sent]


def test_a_delivery_shows_every_attempt_and_nothing_of_what_was_sent(admin_pages: Client, endpoint: WebhookEndpoint):
    delivery = WebhookDeliveryFactory.create(endpoint=endpoint, message__data='{"member":"ann@example.com"}')
    WebhookAttemptFactory.create(delivery=delivery, state="deferred", status=503, response="Try later")
    WebhookAttemptFactory.create(delivery=delivery)
    page = admin_pages.get(address_of(delivery)).content.decode()

    assert page.index("Try later") < page.index(">ok<")
    assert delivery.message.header_id in page
    assert "ann@example.com" not in page


def test_no_page_shows_a_secret(admin_pages: Client, endpoint: WebhookEndpoint):
    WebhookDeliveryFactory.create(endpoint=endpoint)
    secrets = [SECRET, FORMER_SECRET, endpoint.secret, endpoint.former_secret]
    pages = [ENDPOINTS, f"{ENDPOINTS}export.csv", address_of(endpoint), address_of(endpoint.organization)]
    for address in pages:
        content = admin_pages.get(address).getvalue().decode()
        assert endpoint.url in content
        assert not [secret for secret in secrets if secret in content]


def test_staff_replace_a_secret_that_nobody_sees(admin_pages: Client, endpoint: WebhookEndpoint):
    response = admin_pages.post(address_of(endpoint, "do", "rotate-secret"), follow=True)

    endpoint.refresh_from_db()
    new = decrypt(endpoint.secret)
    assert (new != SECRET, decrypt(endpoint.former_secret)) == (True, SECRET)
    assert new not in response.content.decode()
    told = Event.objects.about(endpoint).get()
    assert (told.kind, told.actor_method) == ("webhook_endpoint.secret_rotated", "staff")


def test_staff_disable_enable_and_delete_an_endpoint(admin_pages: Client, endpoint: WebhookEndpoint):
    waiting = WebhookDeliveryFactory.create(waiting=True, endpoint=endpoint)
    assert press(admin_pages, endpoint, "disable") == "Disable: done."
    waiting.refresh_from_db()
    assert (waiting.state, WebhookEndpoint.objects.get().state) == ("dropped", "disabled")
    assert press(admin_pages, endpoint, "enable") == "Enable: done."
    assert WebhookEndpoint.objects.get().state == "enabled"
    assert press(admin_pages, endpoint, "delete") == "Delete endpoint: done."
    assert not WebhookEndpoint.objects.exists()
    kinds = Event.objects.about(endpoint).values_list("kind", "actor_method")
    assert [*kinds] == [(f"webhook_endpoint.{what}", "staff") for what in ("disabled", "enabled", "deleted")]


def test_a_list_of_deliveries_costs_the_same_for_many_rows(admin_pages: Client, endpoint: WebhookEndpoint):
    WebhookDeliveryFactory.create_batch(3, endpoint=endpoint)
    with CaptureQueriesContext(connection) as few:
        admin_pages.get(DELIVERIES)
    WebhookDeliveryFactory.create_batch(3)
    with CaptureQueriesContext(connection) as many:
        admin_pages.get(DELIVERIES)

    assert query_summaries(few) == query_summaries(many)
    assert query_summaries(few).count("SELECT webhooks_webhookdelivery") == 1
