"""Make the deliveries of an endpoint from the messages that follow its position.

Only a few deliveries of an endpoint wait at any time, however many events there are and however long it fails. To
replay messages, an action moves the position back.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from core.bulk_insert import insert_all
from outbox.models import DeliveryState
from webhooks.models import HOLDING_ATTEMPTS, WebhookDelivery, WebhookEndpoint, WebhookMessage

ENDPOINTS_AT_ONCE = 20
MESSAGES_AT_ONCE = 50

#: The columns of a delivery that is sent again from the beginning. It keeps its sequence and the former attempts.
AGAIN: dict[str, Any] = {
    "state": DeliveryState.QUEUED, "due_at": Now(), "lease_id": None, "sent_at": None, "attempts": 0, "reason": "",
    "created_at": Now(),  # the beginning of its schedule
}  # fmt: skip


def feed_endpoints() -> None:
    """Make the next deliveries of endpoints that have news and no delivery that holds up others."""
    waiting = WebhookDelivery.objects.unsent().filter(endpoint=OuterRef("pk"), attempts__lt=HOLDING_ATTEMPTS)
    waiting = waiting.filter(sequence__isnull=False)  # a test holds up nothing
    # In random order, so that none waits for ever, however many others have news again and again.
    hungry = WebhookEndpoint.objects.enabled().filter(~Exists(waiting), has_news=True).order_by("?")
    if not hungry.exists():
        return
    with transaction.atomic():
        for endpoint in hungry.select_for_update(no_key=True, skip_locked=True)[:ENDPOINTS_AT_ONCE]:
            _feed(endpoint)


def _feed(endpoint: WebhookEndpoint) -> None:
    """Make the next deliveries of a locked endpoint. Those that exist are sent again.

    The position passes messages of types that the endpoint has not chosen. If it chooses them later, it gets only new
    ones.
    """
    # Read before the messages: a message that is written in between is behind the new position.
    newest = WebhookMessage.objects.of_organization(endpoint.organization_id).values_list("number", flat=True).last()
    following = WebhookMessage.objects.for_endpoint(endpoint).filter(number__gt=endpoint.position)
    messages = list(following.filter(number__lte=newest or 0).defer("data")[:MESSAGES_AT_ONCE])
    known = endpoint.deliveries.filter(message__in=messages)
    new = {message.pk: message for message in messages}
    for message_id in known.values_list("message_id", flat=True):
        del new[message_id]
    known.filter(due_at__isnull=True).update(**AGAIN)
    insert_all(_deliveries(endpoint, list(new.values())))
    endpoint.sequence += len(new)
    endpoint.has_news = len(messages) == MESSAGES_AT_ONCE
    reached = messages[-1].number if endpoint.has_news else newest
    endpoint.position = max(endpoint.position, reached or 0)
    endpoint.save(update_fields=["position", "sequence", "has_news"])


def _deliveries(endpoint: WebhookEndpoint, messages: Sequence[WebhookMessage]) -> list[WebhookDelivery]:
    return [
        WebhookDelivery(
            endpoint=endpoint,
            message=message,
            sequence=endpoint.sequence + place,
            request_id=message.request_id,
            traceparent=message.traceparent,
        )
        for place, message in enumerate(messages, start=1)
    ]
