"""``/organizations/{id}/webhooks``: the endpoints to which an organization's events are sent."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.operations import operation
from orgs.api.organization_context import PathOrganizationContext
from webhooks.actions import endpoints
from webhooks.api.serializers import (
    CreatedWebhookEndpointSerializer,
    WebhookEndpointChangesSerializer,
    WebhookEndpointSerializer,
)
from webhooks.models import WebhookEndpoint

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
        """
        created = endpoints.create_endpoint(by=self.caller, organization_id=organization_id, **self.body)
        return self.respond_with_secret(*created)

    @operation("Webhook endpoint retrieved successfully", response=WebhookEndpointSerializer)
    def retrieve(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Get a webhook endpoint."""
        return self.respond(endpoints.endpoint_of(self.caller, self.organization, webhook_id))

    @operation(
        "Webhook endpoint updated successfully",
        body=WebhookEndpointChangesSerializer,
        example=EXAMPLE,
        response=WebhookEndpointSerializer,
    )
    def partial_update(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Change the URL, the description or the types of a webhook endpoint."""
        return self.respond(endpoints.update_endpoint(**self.named(webhook_id), **self.body))

    @operation("Webhook endpoint deleted successfully", status=204)
    def destroy(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Delete a webhook endpoint, and what is stored about its webhooks."""
        endpoints.delete_endpoint(**self.named(webhook_id))
        return self.respond()

    @operation("Webhook endpoint enabled successfully", response=WebhookEndpointSerializer)
    def enable(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Send webhooks to an endpoint again, for the events that happen from now on."""
        return self.respond(endpoints.enable_endpoint(**self.named(webhook_id)))

    @operation("Webhook endpoint disabled successfully", response=WebhookEndpointSerializer)
    def disable(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Stop sending webhooks to an endpoint."""
        return self.respond(endpoints.disable_endpoint(**self.named(webhook_id)))

    @operation("Secret rotated successfully", response=CreatedWebhookEndpointSerializer)
    def rotate_secret(self, request: Request, organization_id: UUID, webhook_id: UUID) -> Response:
        """Give a webhook endpoint a new secret.

        For 24 hours, webhooks have two signatures: one with the new secret and one with the present one. Only this
        response contains the new `secret`.
        """
        return self.respond_with_secret(*endpoints.rotate_secret(**self.named(webhook_id)))

    def named(self, webhook_id: UUID) -> dict[str, Any]:
        """Return the arguments of every action on one endpoint."""
        return {"by": self.caller, "organization_id": self.kwargs["organization_id"], "endpoint_id": webhook_id}

    def respond_with_secret(self, endpoint: WebhookEndpoint, secret: str) -> Response:
        """Return the endpoint and its secret."""
        endpoint.shown_secret = secret
        return self.respond(endpoint)
