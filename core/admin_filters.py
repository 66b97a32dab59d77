"""List filters of the admin that offer a few named queries."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin_labels import LABELS
from core.ids import first_uuid7
from core.literals import literal

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from core.admin_display import States

    Choice = tuple[str | StrPromise, Callable[[Any], Any]]


TOLERANCE = timedelta(minutes=1)  # between the times in the key of a row and in its column
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # no key is older


class CreationFilter(admin.DateFieldListFilter):
    """Show the rows that were created on some days. Keys are in the order of creation, and have an index."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the rows that were created on the chosen days."""
        rows: Any = super().queryset(request, queryset)
        parameters: Any = self.used_parameters
        since = [self.field.get_prep_value(given) for given in parameters.get(self.lookup_kwarg_since, ())]
        return rows.filter(pk__gte=first_uuid7(max(EPOCH + TOLERANCE, min(since)) - TOLERANCE)) if since else rows


class QueryFilter(admin.SimpleListFilter):
    """Show the rows that one of a few queries finds. ``queries`` has a label and a query for each value."""

    queries: "dict[str, Choice]"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the values with their labels."""
        return [(value, label) for value, (label, _) in self.queries.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the rows that the chosen query finds. Ignore unknown values."""
        _, narrow = self.queries.get(self.value() or "", ("", None))
        return narrow(queryset) if narrow else queryset


def by_query(parameter: str, title: "str | StrPromise", **queries: "Choice") -> type[QueryFilter]:
    """Return a filter with these queries: ``value=(label, query)``."""
    return type("ByQuery", (QueryFilter,), {"parameter_name": parameter, "title": title, "queries": queries})


def by_state(column: str, states: "States", title: "str | StrPromise" = "") -> type[QueryFilter]:
    """Return a filter by the value of a column, with the labels of its badges. The title is that of the column."""
    queries = {
        value: (label, lambda rows, value=value: rows.filter(**{column: literal(value)}))
        for value, (label, _) in states.items()
    }
    return by_query(column, title or LABELS[column], **queries)
