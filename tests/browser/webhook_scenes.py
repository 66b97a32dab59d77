"""Scenes of an organization's webhook endpoints."""

from datetime import UTC, datetime

from playwright.sync_api import Response

from tests.browser.scenes import Stage, scene
from tests.factories import WebhookDeliveryFactory, WebhookEndpointFactory
from tests.support.people import PASSWORD
from webhooks.models import WebhookEndpoint

PAGES = "/organizations/riverside/webhooks"


def add_endpoint(stage: Stage, **columns: object) -> WebhookEndpoint:
    endpoint: WebhookEndpoint = WebhookEndpointFactory.create(organization=stage.organization, **columns)
    return endpoint


def open_webhooks(stage: Stage, path: str = "") -> Response:
    stage.visitor.sign_in(stage.owner)
    return stage.visitor.go(f"{PAGES}{path}")


def open_webhooks_after_password(stage: Stage, path: str) -> Response:
    open_webhooks(stage, path)
    return stage.visitor.submit({"Password": PASSWORD}, "Confirm")


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
    return open_webhooks_after_password(stage, "/new")


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
