"""Number the events of an organization: 1, 2, 3, without a gap, in the order in which their transactions commit.

The number of a new event is one more than the highest number of its organization. Who records events of an
organization has locked it with an earlier statement, so nobody else adds one until the transaction ends, and a reader
who sees an event also sees the events with lower numbers. The newest event of an organization is never deleted
(``events.retention``), so no number is used twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BigIntegerField, F, Func

from core.compiled_inserts import MAX_COMPILED, insert
from core.metrics import count_events
from events.listeners import tell_listeners


class NextNumber(Func):
    """The number of a new row, which the INSERT itself reads. ``place`` counts the new events of the organization."""

    # LIMIT instead of MAX: a prepared plan that expects few events of an organization would read all of them.
    template = (
        "COALESCE((SELECT number FROM events_event WHERE organization_id = %(expressions)s"
        " ORDER BY number DESC LIMIT 1), 0) + %(place)s"
    )
    output_field = BigIntegerField()


NEXT_NUMBERS = [NextNumber(F("organization_id"), place=place) for place in range(1, MAX_COMPILED + 1)]


def insert_events(*events: Any) -> None:
    """Insert new events, then call the listeners. Events of organizations get the next numbers in this order.

    The caller has locked the organizations. The INSERT of a few events reads their numbers itself. For many, one query
    for each organization comes first.
    """
    are_few = len(events) <= MAX_COMPILED
    last = {} if are_few else last_numbers(type(events[0]), {event.organization_id for event in events})
    for event, place in _places(events):
        event.number = NEXT_NUMBERS[place - 1] if are_few else last[event.organization_id] + place
    insert(*events)
    transaction.on_commit(partial(count_events, [event.kind for event in events]), robust=True)
    tell_listeners(events)


def last_numbers(model: Any, organization_ids: Iterable[UUID | None]) -> dict[UUID, int]:
    """Return the number of each organization's newest event, or 0."""
    return {key: _last_number(model, key) for key in organization_ids if key is not None}


def _last_number(model: Any, organization_id: UUID) -> int:
    return model.objects.of_organization(organization_id).values_list("number", flat=True).last() or 0


def _places(events: Sequence[Any]) -> Iterable[tuple[Any, int]]:
    """Yield the events of organizations, each with its place among those of its organization."""
    places: Counter[UUID] = Counter()
    for event in events:
        if event.organization_id is not None:
            places[event.organization_id] += 1
            yield event, places[event.organization_id]
