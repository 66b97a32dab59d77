"""Follow the events of an organization: read them in the order of their numbers, after or before one of them.

A page covers a range of numbers. A reader who continues after the last number of a page misses no event, because an
event becomes visible only after all events with lower numbers (``events.numbering``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from core.errors import Gone
from events.models import Event, EventQuerySet

MAX_EXAMINED = 10_000  # events that a page with some kinds looks at

#: The number of an event, its id, or a cursor of a former version.
Position = int | UUID | str


class EventPositionGone(Gone):
    """Events after this position were deleted, or the organization has no such event. ``firstNumber`` is kept."""

    message = "There is no such position. To start with the first event that is kept, use `after={}`."

    def __init__(self, first: int) -> None:
        super().__init__(self.message.format(first - 1), first_number=first)


@dataclass(frozen=True)
class EventPage:
    """Events of an organization, and the positions next to them.

    The page covers the numbers between ``before`` and ``after``, both included. Its events are all events in that
    range, or all that have the wanted kinds.
    """

    events: list[Event]
    before: int
    after: int
    has_prev: bool
    has_next: bool


class EventReader:
    """Reads the events of one organization (``log``), or those of some kinds."""

    def __init__(self, log: EventQuerySet, kinds: Collection[str] = ()) -> None:
        self.log, self.kinds = log, kinds
        self.wanted = log.filter(kind__in=kinds) if kinds else log

    def number_of(self, position: Position) -> int:
        """Return the number of a position. Raises EventPositionGone for an id that the log does not have."""
        if isinstance(position, int):
            return position
        number = None
        if isinstance(position, UUID):
            number = self.log.filter(pk=position).values_list("number", flat=True).first()
        if number is None:
            raise EventPositionGone(self.first())
        return number

    def first(self) -> int:
        """Return the number of the first event that is kept. Without events: 1."""
        return self.log.values_list("number", flat=True).first() or 1

    def newest(self) -> int:
        """Return the number of the newest event, or 0."""
        return self.log.values_list("number", flat=True).last() or 0

    def page_after(self, number: int | None, limit: int) -> EventPage:
        """Return the events after this number, or the first ones. Raises EventPositionGone.

        A page of some kinds can be empty and still have a next one, because it looks at ``MAX_EXAMINED`` events.
        """
        if self.kinds:
            return self._window_after(number, limit)
        start = number or 0
        found = list(self.log.filter(number__gt=start)[: limit + 1])
        events = found[:limit]
        before = _number(events[0]) if events else start + 1
        if number is not None and (not events or before != number + 1):
            self._require_kept(number)
        after = _number(events[-1]) if events else start
        return EventPage(events, before, after, has_prev=start > 0, has_next=len(found) > limit)

    def _window_after(self, number: int | None, limit: int) -> EventPage:
        start = self.first() - 1 if number is None else number
        newest = self.newest()
        end = min(start + MAX_EXAMINED, newest)
        found = list(self.wanted.filter(number__gt=start, number__lte=end)[: limit + 1])
        if number is not None:
            self._require_kept(number)  # after the events were read, because some may have been deleted before that
        events = found[:limit]
        if len(found) > limit:
            end = _number(events[-1])
        return EventPage(events, start + 1, end, has_prev=bool(number), has_next=end < newest)

    def page_before(self, number: int, limit: int) -> EventPage:
        """Return the events before this number, oldest first. The page ends at the first event that is kept."""
        first, newest = self.first(), self.newest()
        stop = min(max(number, 1), newest + 1)  # there is nothing before the first number
        start = max(first, stop - MAX_EXAMINED) if self.kinds else first
        found = list(self.wanted.filter(number__lt=stop, number__gte=start).reverse()[: limit + 1])
        events = found[:limit][::-1]
        if len(found) > limit:
            start = _number(events[0])
        return EventPage(events, min(start, stop), stop - 1, has_prev=start > first, has_next=stop <= newest)

    def _require_kept(self, number: int) -> None:
        first, newest = self.first(), self.newest()
        if not first - 1 <= number <= newest:
            raise EventPositionGone(first)


def _number(event: Event) -> int:
    return event.number or 0  # an event of an organization always has one
