"""Write the messages about new events, in the transaction of the events. ``events.listeners`` calls this."""

from collections.abc import Sequence
from uuid import UUID

from core.compiled_inserts import insert
from events.models import Event
from orgs.models import Organization
from webhooks.event_types import EVENT_TYPES
from webhooks.models import WebhookEndpoint
from webhooks.payloads import messages_about

_TYPES = frozenset(EVENT_TYPES)


def write_messages(events: Sequence[Event]) -> None:
    """Write a message about each event that is a webhook, and tell the endpoints of its organization."""
    by_organization: dict[UUID, list[Event]] = {}
    for event in events:
        if event.kind in _TYPES and event.organization_id is not None:
            by_organization.setdefault(event.organization_id, []).append(event)
    for organization in Organization.objects.filter(pk__in=by_organization) if by_organization else ():
        insert(*messages_about(organization, by_organization[organization.pk]))
        # Unconditional: the row lock makes this wait for a worker that is just setting the column to false.
        WebhookEndpoint.objects.enabled().filter(organization=organization).update(has_news=True)
