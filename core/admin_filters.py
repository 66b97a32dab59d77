"""List filters of the admin that offer a few named queries."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin_labels import LABELS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from core.admin_display import States

    Choice = tuple[str | StrPromise, Callable[[Any], Any]]


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
        value: (label, lambda rows, value=value: rows.filter(**{column: value})) for value, (label, _) in states.items()
    }
    return by_query(column, title or LABELS[column], **queries)
