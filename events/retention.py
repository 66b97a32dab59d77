"""Delete old events of an organization: a prefix of them, so that the numbers that remain have no gap."""

from datetime import datetime
from uuid import UUID

from events.models import Event

MAX_CUT = 10_000  # limits the run time of the statement


def cut_events(organization_id: UUID, *, before: datetime) -> int:
    """Delete the oldest events of an organization, up to the first one that is not older than this time.

    Deletes at most ``MAX_CUT`` events and returns how many. Call it again until it returns 0. The newest event stays,
    because the next number is computed from it.
    """
    events = Event.objects.of_organization(organization_id)
    numbers = events.values_list("number", flat=True)
    edge = min((numbers.first() or 0) + MAX_CUT, numbers.last() or 0)
    window = events.filter(number__lt=edge)
    kept = window.filter(created_at__gte=before).values_list("number", flat=True).first()
    deleted, _ = window.filter(number__lt=edge if kept is None else kept).delete()
    return deleted
