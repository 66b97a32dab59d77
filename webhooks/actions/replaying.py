"""Send a test to an endpoint, or send again what it has missed."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from accounts.principals import Principal
from core.compiled_inserts import insert
from core.errors import Conflict, NotFound
from orgs.actions.saving import record
from orgs.models import Organization
from webhooks.actions.endpoints import lock_endpoint
from webhooks.event_types import TEST_TYPE
from webhooks.feeding import AGAIN
from webhooks.models import WebhookDelivery, WebhookDeliveryQuerySet, WebhookEndpoint, WebhookMessage


class WebhookEndpointDisabled(Conflict):
    """Nothing is sent to a disabled endpoint."""

    message = "This webhook endpoint is disabled. Enable it first."


class WebhookDeliveryNotFound(NotFound):
    """The endpoint has no such delivery, or it is no longer kept."""

    message = "There is no such webhook delivery."


def deliveries_of(endpoint: WebhookEndpoint) -> WebhookDeliveryQuerySet:
    """Return the deliveries of an endpoint, newest first."""
    deliveries: WebhookDeliveryQuerySet = endpoint.deliveries.select_related("message").newest_first()
    return deliveries


def delivery_of(endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery:
    """Return one of ``deliveries_of``. Raises WebhookDeliveryNotFound."""
    delivery = deliveries_of(endpoint).filter(pk=delivery_id).first()
    if delivery is None:
        raise WebhookDeliveryNotFound
    return delivery


@transaction.atomic
def send_test(*, by: Principal, organization_id: UUID, endpoint_id: UUID) -> WebhookDelivery:
    """Send a webhook of the type ``webhook.test``.

    Raises what ``lock_endpoint`` raises, and WebhookEndpointDisabled.
    """
    organization, endpoint = _lock_enabled(by, organization_id, endpoint_id)
    data = f'{{"version":1,"organizationId":"{organization.pk}","endpointId":"{endpoint.pk}"}}'
    message = WebhookMessage(organization=organization, event_type=TEST_TYPE, data=data)
    delivery = WebhookDelivery(endpoint=endpoint, message=message)
    insert(message)
    insert(delivery)
    record("webhook_endpoint.tested", by, endpoint, organization)
    return delivery


@transaction.atomic
def replay_delivery(*, by: Principal, organization_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Send the same webhook again, with the same id, or at once if it waits for another attempt.

    Raises what ``lock_endpoint`` raises, WebhookEndpointDisabled and WebhookDeliveryNotFound.
    """
    organization, endpoint = _lock_enabled(by, organization_id, endpoint_id)
    delivery = delivery_of(endpoint, delivery_id)
    endpoint.deliveries.filter(pk=delivery.pk).exclude(state=WebhookDelivery.State.SENDING).update(**AGAIN)
    record("webhook_endpoint.replayed", by, endpoint, organization)
    return delivery_of(endpoint, delivery_id)


@transaction.atomic
def replay_since(*, by: Principal, organization_id: UUID, endpoint_id: UUID, since: datetime) -> WebhookEndpoint:
    """Send all webhooks about events from this time on, again or for the first time, in their order.

    Those that were sent before have the same ids. Raises what ``lock_endpoint`` raises, and WebhookEndpointDisabled.
    """
    organization, endpoint = _lock_enabled(by, organization_id, endpoint_id)
    later = WebhookMessage.objects.for_endpoint(endpoint).filter(created_at__gte=since).order_by()
    first = later.aggregate(first=Min("number"))["first"]
    if first is not None:
        endpoint.position = min(first - 1, endpoint.position)
        endpoint.has_news = True
        endpoint.save(update_fields=["position", "has_news"])
    record("webhook_endpoint.replayed", by, endpoint, organization, since=since)
    return endpoint


def _lock_enabled(by: Principal, organization_id: UUID, endpoint_id: UUID) -> tuple[Organization, WebhookEndpoint]:
    organization, endpoint = lock_endpoint(by, organization_id, endpoint_id)
    if not endpoint.is_enabled:
        raise WebhookEndpointDisabled
    return organization, endpoint
