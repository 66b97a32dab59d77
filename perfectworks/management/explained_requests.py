"""How ``manage.py explain`` prints what a request did."""

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from core.api.serializers import format_time
from events.models import Event
from outbox.models import Delivery, EmailDelivery
from perfectworks.explaining_requests import RequestExplanation
from webhooks.models import WebhookDelivery

NOTHING = (
    "Nothing in the database has the ID of this request. Search the logs for it: what changes nothing is only there."
)


def request_as_text(found: RequestExplanation) -> Iterator[str]:
    """Yield the lines for people."""
    if not (found.events or found.emails or found.webhooks):
        yield f"Request {found.request_id}: {NOTHING}"
        return
    yield f"Request {found.request_id}: this is what it did. Its lines in the logs have the same ID."
    actors = actor_names(found.events)
    for event in found.events:
        yield f"{format_time(event.created_at)}  {_event_text(event, actors)}"
    for delivery in (*found.emails, *found.webhooks):
        yield f"{format_time(delivery.created_at)}  {_delivery_text(delivery)}"


def request_as_json(found: RequestExplanation) -> dict[str, Any]:
    """Return the document for programs."""
    return {
        "requestId": found.request_id,
        "events": [
            {
                "id": str(event.pk),
                "at": format_time(event.created_at),
                "kind": event.kind,
                "organizationId": event.organization_id and str(event.organization_id),
                "subjectType": event.subject_type,
                "subjectId": str(event.subject_id),
                "actor": {"id": event.actor_id and str(event.actor_id), "method": event.actor_method},
            }
            for event in found.events
        ],
        "emails": [
            {"recipient": email.recipient, "kind": email.kind_name, **_delivery_as_json(email)}
            for email in found.emails
        ],
        "webhooks": [
            {"url": webhook.endpoint.url, "type": webhook.message.event_type, **_delivery_as_json(webhook)}
            for webhook in found.webhooks
        ],
    }


def actor_names(events: Any) -> dict[Any, str]:
    """Return the sign-in address of each person who caused one of these events, by ID."""
    ids = {event.actor_id for event in events if event.actor_id}
    people = User.objects.filter(pk__in=ids).values_list("pk", "email") if ids else []
    return {pk: address or str(pk) for pk, address in people}


def actor_text(event: Event, names: dict[Any, str]) -> str:
    """Say who caused an event, and with which kind of credential."""
    name = names.get(event.actor_id) or (str(event.actor_id) if event.actor_id else "")
    return f"by {name} ({event.actor_method})" if name else f"by the {event.actor_method}"


def _event_text(event: Event, names: dict[Any, str]) -> str:
    organization = f", organization {event.organization_id}" if event.organization_id else ""
    subject = f"{event.subject_type} {event.subject_id}"
    return f"{event.kind}: {subject}{organization}, {actor_text(event, names)}"


def _delivery_text(delivery: Delivery) -> str:
    words = delivery.response or delivery.reason
    return f"{_delivery_name(delivery)}: {delivery.state}{f', {words}' if words else ''}, ID {delivery.pk}"


def _delivery_name(delivery: Delivery) -> str:
    if isinstance(delivery, WebhookDelivery):
        return f"Webhook ({delivery.message.event_type}) to {delivery.endpoint.url}"
    recipient = delivery.recipient if isinstance(delivery, EmailDelivery) else ""
    return f"Email ({delivery.kind_name}) to {recipient}"


def _delivery_as_json(delivery: Delivery) -> dict[str, Any]:
    words = delivery.response or delivery.reason or None
    return {"id": str(delivery.pk), "state": delivery.state, "attempts": delivery.attempts, "response": words}
