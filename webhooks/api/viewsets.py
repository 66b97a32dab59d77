"""``/organizations/{id}/webhooks``: the endpoints to which an organization's events are sent."""

from functools import cached_property
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.cursors import CursorPagination
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.operations import operation
from orgs.api.organization_context import PathOrganizationContext
from webhooks.actions import endpoints, replaying
from webhooks.api.serializers import (
    CreatedWebhookEndpointSerializer,
    ReplaySerializer,
    WebhookDeliveryDetailsSerializer,
    WebhookDeliverySerializer,
    WebhookEndpointChangesSerializer,
    WebhookEndpointSerializer,
)
from webhooks.models import WebhookEndpoint
from webhooks.payloads import body_of

EXAMPLE = {"url": "https://example.com/webhooks", "description": "Directory", "eventTypes": ["membership.created"]}


class WebhookEndpointViewSet(PathOrganizationContext):
    """Webhook endpoints of one organization, for members who may manage everything."""

    resource = "webhook_endpoints"
    tag = "Webhooks"

    @operation("Webhook endpoints retrieved successfully", response=WebhookEndpointSerializer, many=True)
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the webhook endpoints of an organization, oldest first.

        You need the permission to manage everything.
        """
        return self.respond(endpoints.endpoints_of(self.caller, self.organization))

    @operation(
        "Webhook endpoint created successfully",
        body=WebhookEndpointChangesSerializer,
        example=EXAMPLE,
        response=CreatedWebhookEndpointSerializer,
        status=201,
        errors=(409,),
    )
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Create a webhook endpoint.

        It gets the events that happen from now on. Only this response contains the `secret`.

        With a session or an ID token, you need to have signed in recently. API keys and applications do not.
        """
        created = endpoints.create_endpoint(by=self.caller, organization_id=organization_id, **self.body)
        return self.respond_with_secret(*created)

    @operation("Webhook endpoint retrieved successfully", response=WebhookEndpointSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Get a webhook endpoint."""
        return self.respond(endpoints.endpoint_of(self.caller, self.organization, webhook_id))

    @operation(
        "Webhook endpoint updated successfully",
        body=WebhookEndpointChangesSerializer,
        example=EXAMPLE,
        response=WebhookEndpointSerializer,
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Change the URL, the description or the types of a webhook endpoint.

        With a session or an ID token, you need to have signed in recently. API keys and applications do not.
        """
        return self.respond(endpoints.update_endpoint(**self.named(webhook_id), **self.body))

    @operation("Webhook endpoint deleted successfully", status=204, headers=IF_MATCH)
    @if_unchanged("retrieve")
    def destroy(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Delete a webhook endpoint, and what is stored about its webhooks."""
        endpoints.delete_endpoint(**self.named(webhook_id))
        return self.respond()

    @operation("Webhook endpoint enabled successfully", response=WebhookEndpointSerializer, headers=IF_MATCH)
    @if_unchanged("retrieve")
    def enable(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Send webhooks to an endpoint again, for the events that happen from now on."""
        return self.respond(endpoints.enable_endpoint(**self.named(webhook_id)))

    @operation("Webhook endpoint disabled successfully", response=WebhookEndpointSerializer, headers=IF_MATCH)
    @if_unchanged("retrieve")
    def disable(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Stop sending webhooks to an endpoint."""
        return self.respond(endpoints.disable_endpoint(**self.named(webhook_id)))

    @operation("Secret rotated successfully", response=CreatedWebhookEndpointSerializer, headers=IF_MATCH)
    @if_unchanged("retrieve")
    def rotate_secret(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Give a webhook endpoint a new secret.

        For 24 hours, webhooks have two signatures: one with the new secret and one with the present one. Only this
        response contains the new `secret`.

        With a session or an ID token, you need to have signed in recently. API keys and applications do not.
        """
        return self.respond_with_secret(*endpoints.rotate_secret(**self.named(webhook_id)))

    @operation(
        "Test sent successfully", response=WebhookDeliverySerializer, status=202, errors=(409,), headers=IF_MATCH
    )
    @if_unchanged("retrieve")
    def test(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Send a webhook of the type `webhook.test` to an endpoint.

        It is sent within seconds. See the list of deliveries for the response.
        """
        return self.respond(replaying.send_test(**self.named(webhook_id)))

    @operation(
        "Webhooks will be sent again",
        body=ReplaySerializer,
        example={"since": "2026-01-02T03:04:05Z"},
        response=WebhookEndpointSerializer,
        headers=IF_MATCH,
        status=202,
        errors=(409,),
    )
    @if_unchanged("retrieve")
    def replay(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Send all webhooks about events from a time on, in their order.

        Those that were sent before have the same `webhook-id`, `sequence` and body. Those that the endpoint has
        missed, because it was disabled or had not chosen their type, are sent for the first time.
        """
        return self.respond(replaying.replay_since(**self.named(webhook_id), **self.body))

    def named(self, webhook_id: UUID) -> dict[str, Any]:
        """Return the arguments of every action on one endpoint."""
        return {"by": self.caller, "organization_id": self.kwargs["organization_id"], "endpoint_id": webhook_id}

    def respond_with_secret(self, endpoint: WebhookEndpoint, secret: str) -> Response:
        """Return the endpoint and its secret."""
        endpoint.shown_secret = secret
        return self.respond(endpoint)


class LedgerPagination(CursorPagination):
    """Pages of deliveries, those of the newest events first."""

    column = "message_id"


class WebhookDeliveryViewSet(PathOrganizationContext):
    """The ledger of a webhook endpoint. It is kept for 30 days, unless the operator chose another time."""

    resource = "webhook_deliveries"
    tag = "Webhooks"

    @operation(
        "Webhook deliveries retrieved successfully",
        response=WebhookDeliverySerializer,
        pagination_class=LedgerPagination,
    )
    def list(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """List the deliveries to a webhook endpoint, those of the newest events first."""
        return self.respond_with_page(replaying.deliveries_of(self.endpoint))

    @operation(
        "Webhook delivery retrieved successfully", response=WebhookDeliveryDetailsSerializer, headers=IF_NONE_MATCH
    )
    def retrieve(self, request: Request, organization_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Get a delivery with its body and its attempts."""
        delivery = replaying.delivery_of(self.endpoint, delivery_id)
        delivery.shown_body = body_of(delivery, delivery.message).decode()
        return self.respond(delivery)

    @operation(
        "Webhook will be sent again", response=WebhookDeliverySerializer, headers=IF_MATCH, status=202, errors=(409,)
    )
    @if_unchanged("retrieve")
    def replay(self, request: Request, organization_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Send a webhook again, with the same `webhook-id`, or at once if it waits for another attempt."""
        named = {"organization_id": organization_id, "endpoint_id": webhook_id, "delivery_id": delivery_id}
        return self.respond(replaying.replay_delivery(by=self.caller, **named))

    @cached_property
    def endpoint(self) -> WebhookEndpoint:
        """The endpoint in the path."""
        return endpoints.endpoint_of(self.caller, self.organization, self.kwargs["webhook_id"])
