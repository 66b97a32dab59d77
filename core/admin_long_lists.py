"""Long lists in the admin: an estimated total, last pages that are read from the end, and no sorting.

`docs/decisions/0045-long-lists-in-the-admin.md` explains what is estimated.
"""

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db import connections
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.db.models import QuerySet

LONG = 10_000  # a list with more rows is long


class LongListPaginator(Paginator):
    """Pages of rows whose total is exact up to ``LONG``, and an estimate of PostgreSQL above it.

    If the total is an estimate, the pages of the second half are counted from the end, so that the last page has the
    last rows.
    """

    object_list: "QuerySet[Any]"

    @cached_property
    def total(self) -> tuple[int, bool]:
        """What ``total_of`` returns."""
        return total_of(self.object_list)

    @property
    def is_estimated(self) -> bool:
        """Whether the total is an estimate."""
        return self.total[1]

    @cached_property
    def count(self) -> int:
        """The number of rows, or an estimate that is greater than ``LONG``."""
        return self.total[0]

    def validate_number(self, number: Any) -> int:
        """Return the number of a page. The last page stands for the pages after it, because estimates change."""
        if self.is_estimated and isinstance(number, int):
            number = min(number, self.num_pages)
        return super().validate_number(number)

    def page(self, number: Any) -> Page:
        """Return a page. Of a long list, find the keys first, without joins, and then only the rows of the page."""
        number = self.validate_number(number)
        if not self.is_estimated:
            return super().page(number)
        return Page(self._from_nearer_end(number), number, self)

    def _from_nearer_end(self, number: int) -> list[Any]:
        before, after = number - 1, self.num_pages - number
        rows = self.object_list if before <= after else self.object_list.reverse()
        start = min(before, after) * self.per_page
        keys = list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        found = {row.pk: row for row in self.object_list.filter(pk__in=keys)}
        in_order = [found[key] for key in keys if key in found]
        return in_order if before <= after else in_order[::-1]


def total_of(rows: "QuerySet[Any]") -> tuple[int, bool]:
    """Return the number of rows, and whether it is an estimate. Up to ``LONG``, and on SQLite, it is exact."""
    number = counted(rows)
    if number <= LONG:
        return number, False
    if connections[rows.db].vendor == "postgresql":
        return max(number, estimated(rows)), True
    return rows.count(), False


def shown_total(rows: "QuerySet[Any]") -> str:
    """Return the number of rows, or an estimate that says so."""
    number, is_estimated = total_of(rows)
    return about(number) if is_estimated else str(number)


def about(number: int) -> str:
    """Return an estimated number as text."""
    return _("about %(number)d") % {"number": number}


def counted(rows: "QuerySet[Any]") -> int:
    """Return the number of rows. If there are more than ``LONG``, return one more than ``LONG``."""
    return rows.order_by()[: LONG + 1].count()


def estimated(rows: "QuerySet[Any]") -> int:
    """Return how many rows PostgreSQL expects, from its statistics. Reads no row."""
    plan = rows.order_by().values("pk").explain(format="json")
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


class LongChangeList(ChangeList):
    """A list that can be sorted unless it is long: no index could serve all sorts of all filters."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """Return the rows in the chosen order. Rows of a long list keep their order, and a message says so."""
        rows = super().get_queryset(request, exclude_parameters)
        if not self.params.get(ORDER_VAR) or counted(rows) <= LONG:
            return rows
        del self.params[ORDER_VAR], self.filter_params[ORDER_VAR]
        messages.warning(request, _("This list is too long to be sorted. Filter or search it first."))
        return super().get_queryset(request, exclude_parameters)
