"""Find what a request did: its events, and the emails and webhooks that it caused. For operators only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from accounts.email.models import AccountEmail
from core.ids import first_uuid7
from events.models import Event
from invitations.email.models import Email
from outbox.models import EmailDelivery
from webhooks.models import WebhookDelivery, WebhookMessage

# Emails and messages have no index of requests. They are created with the events, whose time is in their keys.
AROUND = timedelta(minutes=1)


@dataclass(frozen=True)
class RequestExplanation:
    """The events of a request in their order, and what it caused to be sent."""

    request_id: str
    events: Sequence[Event]
    emails: Sequence[EmailDelivery]
    webhooks: Sequence[WebhookDelivery]


def explain_request(request_id: str) -> RequestExplanation:
    """Return what the request did, which is nothing if it changed nothing. Takes five queries, and reads few rows."""
    events = list(Event.objects.of_request(request_id).order_by("id"))
    times = [event.created_at for event in events] or _time_in(request_id)
    if not times:
        return RequestExplanation(request_id, events, [], [])
    created: dict[str, Any] = {
        "request_id": request_id,
        "pk__gte": first_uuid7(min(times) - AROUND),
        "pk__lt": first_uuid7(max(times) + AROUND),
    }
    emails: list[EmailDelivery] = [*AccountEmail.objects.filter(**created), *Email.objects.filter(**created)]
    messages = WebhookMessage.objects.filter(**created).values_list("pk", flat=True)
    webhooks = WebhookDelivery.objects.filter(message__in=list(messages)).select_related("endpoint", "message")
    emails.sort(key=attrgetter("pk"))
    return RequestExplanation(request_id, events, emails, list(webhooks.order_by("id")))


def _time_in(request_id: str) -> list[datetime]:
    """Return the time that an ID of our own contains. The ID of a proxy contains none."""
    try:
        key = UUID(hex=request_id)
        time = datetime.fromtimestamp((key.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError):
        return []
    return [time] if key.version == 7 else []
