"""Find what a request did: its events, and the emails and webhooks that it caused. For operators only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import attrgetter, or_
from uuid import UUID

from django.db.models import Q

from accounts.email.models import AccountEmail
from core.ids import first_uuid7
from events.models import Event
from invitations.email.models import Email
from outbox.models import EmailDelivery
from webhooks.models import WebhookDelivery, WebhookMessage

# Emails and messages have no index of requests. They are created with the events, whose time is in their keys.
AROUND = timedelta(minutes=1)
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class RequestExplanation:
    """The events of a request in their order, and what it caused to be sent."""

    request_id: str
    events: Sequence[Event]
    emails: Sequence[EmailDelivery]
    webhooks: Sequence[WebhookDelivery]


def explain_request(request_id: str) -> RequestExplanation:
    """Return what the request did, which is nothing if it changed nothing.

    Takes five queries, or six if it has no event. Reads what was created within minutes of its events.
    """
    events = list(Event.objects.of_request(request_id).order_by("id"))
    times = [event.created_at for event in events] or _time_in(request_id) or _times_of_emails(request_id)
    if not times:
        return RequestExplanation(request_id, events, [], [])
    created = Q(request_id=request_id) & reduce(or_, map(_created_around, _minutes(times)))
    emails: list[EmailDelivery] = [*AccountEmail.objects.filter(created), *Email.objects.filter(created)]
    messages = WebhookMessage.objects.filter(created).values_list("pk", flat=True)
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
    return [time] if key.version == 7 and time - EPOCH > AROUND else []


def _times_of_emails(request_id: str) -> list[datetime]:
    """Return when emails about accounts were requested. They need no event, and are kept for few days."""
    return [*AccountEmail.objects.filter(request_id=request_id).values_list("created_at", flat=True)]


def _minutes(times: Sequence[datetime]) -> set[datetime]:
    """Return the minutes with these times. A worker's events can be days later than the others of the request."""
    return {time.replace(second=0, microsecond=0) for time in times}


def _created_around(minute: datetime) -> Q:
    return Q(pk__gte=first_uuid7(minute - AROUND), pk__lt=first_uuid7(minute + 2 * AROUND))
