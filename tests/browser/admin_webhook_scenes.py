"""Scenes of the admin pages about webhook endpoints."""

from playwright.sync_api import Response

from tests.browser.admin_scenes import as_staff
from tests.browser.stage import Stage, scene
from tests.factories import WebhookAttemptFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from webhooks.models import WebhookDelivery

ENDPOINTS, DELIVERIES = "webhooks/webhookendpoint", "webhooks/webhookdelivery"


def add_deliveries(stage: Stage) -> WebhookDelivery:
    """Add an endpoint that fails and one that is gone. Return a delivery with two attempts."""
    WebhookEndpointFactory.create(organization=stage.organization, state="gone", description="Former CRM")
    endpoint = WebhookEndpointFactory.create(
        organization=stage.organization, description="Our CRM", event_types=["membership.created", "membership.removed"]
    )
    WebhookDeliveryFactory.create(endpoint=endpoint, message__event_type="membership.created")
    delivery: WebhookDelivery = WebhookDeliveryFactory.create(
        endpoint=endpoint, deferred=True, attempts=2, message__event_type="membership.removed"
    )
    for status, line in ((500, "Oops"), (None, "No response within 10 seconds")):
        WebhookAttemptFactory.create(delivery=delivery, state="deferred", status=status, response=line)
    return delivery


@scene(200)
def admin_webhook(stage: Stage) -> Response:
    return as_staff(stage, f"{ENDPOINTS}/{add_deliveries(stage).endpoint_id}/change/")


@scene(200)
def admin_webhook_delivery(stage: Stage) -> Response:
    return as_staff(stage, f"{DELIVERIES}/{add_deliveries(stage).pk}/change/")
