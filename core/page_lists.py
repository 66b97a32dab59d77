"""Divide a list into pages by number. Reading a page has a maximum cost: no page is far from the start of the list.

``page_of`` reads one row more than the page shows, to find out whether there is a next page. A list of more than
``MAX_PAGES`` pages ends there, and the page says so: people then search or filter instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import HttpRequest

PAGE_SIZE, MAX_PAGES = 50, 100
PAGE_PARAMETER = "page"


class Sliceable(Protocol):
    """Rows that are read in slices: a queryset, or ``Chained``."""

    def __getitem__(self, part: slice, /) -> Any:
        """Return the rows of the slice."""


class Chained:
    """Several lists, one after the other. Each is a queryset."""

    def __init__(self, *lists: Any) -> None:
        self.lists = lists

    def __getitem__(self, part: slice) -> list[Any]:
        """Return the rows of the slice. A list is counted only if the slice begins behind it."""
        start, size = part.start or 0, part.stop - (part.start or 0)
        rows: list[Any] = []
        for following in self.lists:
            found = list(following[start : start + size - len(rows)])
            if not found and start:
                start -= following.order_by()[:start].count()
                continue
            rows, start = [*rows, *found], 0
            if len(rows) == size:
                break
        return rows


@dataclass(frozen=True)
class ListPage:
    """One page of a list. ``query`` is the query of the request without the number of the page."""

    rows: Sequence[Any]
    number: int
    has_next: bool
    query: str = ""

    @property
    def has_previous(self) -> bool:
        """Whether there is a previous page."""
        return self.number > 1

    @property
    def is_last_possible(self) -> bool:
        """Whether there are more rows, but no further page."""
        return self.has_next and self.number >= MAX_PAGES

    @property
    def previous_address(self) -> str:
        """The address of the previous page, relative to this page."""
        return self._address_of(self.number - 1)

    @property
    def next_address(self) -> str:
        """The address of the next page, relative to this page."""
        return self._address_of(self.number + 1)

    def _address_of(self, number: int) -> str:
        return f"?{self.query}&{PAGE_PARAMETER}={number}" if self.query else f"?{PAGE_PARAMETER}={number}"


def page_of(request: HttpRequest, rows: Sliceable, size: int = PAGE_SIZE) -> ListPage:
    """Return the page that the request names. A number that is no page leads to the first or the last possible one."""
    number = _number_of(request.GET.get(PAGE_PARAMETER, ""))
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    query = request.GET.copy()
    query.pop(PAGE_PARAMETER, None)
    return ListPage(found[:size], number, len(found) > size, query.urlencode())


def _number_of(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGES))
    return min(max(int(text), 1), MAX_PAGES) if is_number else 1
