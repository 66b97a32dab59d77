"""Delete old events. Of an organization, a prefix is deleted, so that the numbers that remain have no gap."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from core.ids import first_uuid7
from events.models import Event, EventQuerySet

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


def events_of_no_organization(*, before: datetime) -> EventQuerySet:
    """Return the events older than this time that belong to no organization, except those about the end of an account.

    ``accounts.actions.address_ownership`` reads who deleted an account.
    """
    old = Event.objects.filter(organization_id__isnull=True, pk__lt=first_uuid7(before), created_at__lt=before)
    return old.exclude(kind="user.deleted")


def delete_events_of_no_organization(*, before: datetime) -> Iterator[int]:
    """Delete ``events_of_no_organization``, in short transactions. Yield how many after each."""
    old = events_of_no_organization(before=before).order_by("pk").values_list("pk", flat=True)
    while keys := list(old[:MAX_CUT]):
        Event.objects.filter(pk__in=keys).delete()
        yield len(keys)
