"""What the export of a person contains from the audit log (``core.personal_data``)."""

from collections.abc import Iterator
from typing import Any

from core.personal_data import export_section, in_steps
from events.models import Event


@export_section
def events_by_you(user: Any) -> Iterator[dict[str, Any]]:
    """What the person did."""
    return (event_row(event, user) for event in in_steps(Event.objects.filter(actor_id=user.pk)))


@export_section
def events_about_your_account(user: Any) -> Iterator[dict[str, Any]]:
    """What others did to the account, and failed sign-ins."""
    others = Event.objects.filter(subject_id=user.pk).exclude(actor_id=user.pk)
    return (event_row(event, user) for event in in_steps(others))


def event_row(event: Event, user: Any) -> dict[str, Any]:
    """Return an event as the person may see it: it does not say which other person caused it."""
    is_own = event.actor_id == user.pk
    return {
        "id": event.pk,
        "kind": event.kind,
        "at": event.created_at,
        "by_you": is_own,
        "method": event.actor_method,
        "credential_id": event.actor_credential_id if is_own else None,
        "request_id": event.request_id if is_own else "",
        "organization_id": event.organization_id,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "data": event.data,
    }
