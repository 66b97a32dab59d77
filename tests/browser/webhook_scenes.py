"""Scenes of an organization's webhook endpoints."""

from datetime import UTC, datetime

from playwright.sync_api import Response

from tests.browser.stage import Stage, open_after_password, open_as_owner, scene
from tests.factories import WebhookDeliveryFactory, WebhookEndpointFactory
from webhooks.models import WebhookEndpoint


def add_endpoint(stage: Stage, **columns: object) -> WebhookEndpoint:
    endpoint: WebhookEndpoint = WebhookEndpointFactory.create(organization=stage.organization, **columns)
    return endpoint


def open_webhooks(stage: Stage, path: str = "") -> Response:
    return open_as_owner(stage, f"/webhooks{path}")


@scene(200)
def webhooks(stage: Stage) -> Response:
    add_endpoint(stage, description="Our directory")
    add_endpoint(
        stage, state="failing", failing_since=datetime(2026, 1, 1, tzinfo=UTC), url=f"https://example.com/{'long' * 40}"
    )
    return open_webhooks(stage)


@scene(200)
def webhooks_without_any(stage: Stage) -> Response:
    return open_webhooks(stage)


@scene(200)
def new_webhook(stage: Stage) -> Response:
    return open_after_password(stage, "/webhooks/new")


@scene(400)
def new_webhook_refused(stage: Stage) -> Response:
    new_webhook(stage)
    return stage.visitor.submit({"Address": "https://10.0.0.1/"}, "Add")


@scene(200)
def webhook_added(stage: Stage) -> Response:
    new_webhook(stage)
    return stage.visitor.submit({"Address": "https://example.com/hooks"}, "Add")


@scene(200)
def webhook(stage: Stage) -> Response:
    endpoint = add_endpoint(
        stage, description="Our directory", event_types=["role.created", "membership.created"], rotated=True
    )
    WebhookDeliveryFactory.create(endpoint=endpoint, sequence=1, message__event_type="membership.created")
    WebhookDeliveryFactory.create(endpoint=endpoint, sequence=2, deferred=True, attempts=3)
    WebhookDeliveryFactory.create(endpoint=endpoint, sequence=None, message__event_type="webhook.test", waiting=True)
    return open_webhooks(stage, f"/{endpoint.pk}")


@scene(200)
def webhook_disabled(stage: Stage) -> Response:
    return open_webhooks(stage, f"/{add_endpoint(stage, state='gone').pk}")


@scene(200)
def webhook_deletion_asked(stage: Stage) -> Response:
    return open_webhooks(stage, f"/{add_endpoint(stage).pk}/delete")


@scene(200)
def webhooks_replayed(stage: Stage) -> Response:
    return open_webhooks(stage, f"/{add_endpoint(stage).pk}/replay")
