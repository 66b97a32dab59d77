"""Keyset pagination. Pages stay consistent while rows are added and removed, and late pages are as fast as early pages.

A cursor contains the sort column's value and the id of a row. It is signed. It is valid only for the path, the filters
and the sort order of the request that returned it, and for the view's `cursor_context()`. An example of that context is
an organization that is not in the path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Func, Model, QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from core.compiled_rows import narrow

from .envelope import PageResponse
from .filter_fields import Sorting
from .pagination import Pagination, rows_of_page
from .parameters import Fields, TextParameter
from .query import InvalidQuery, Schema


@dataclass(frozen=True)
class Position:
    """The position just after the row with this value and id."""

    value: Any
    id: Any


class CursorParameter(TextParameter):
    """A cursor. The signature decides whether it is valid; the pattern is only for the documents."""

    accepted: ClassVar[Schema] = {"pattern": "^[A-Za-z0-9_-]+:[A-Za-z0-9_-]+$"}


class CursorPagination(Pagination):
    """`?after=` or `?before=` with a cursor, and `?limit=`. The paginator sorts the rows itself.

    Subclasses set the column, the direction and the names of the parameters. If the view's query values contain a
    `Sorting`, it overrides the column and the direction. After paging, `after` and `before` are the cursors of the last
    and the first row. On an empty page, both are the cursor of the request. `has_next` and `has_prev` are True if there
    are more rows in that direction.
    """

    column = "created_at"
    descending = True
    after_name, before_name = "after", "before"
    help_text = "A cursor: returns the rows {} it."

    @classmethod
    def query_fields(cls) -> Fields:
        """Return the parameters for the page size and the two cursors."""
        return {
            cls.page_size_query_param: cls.limit_field(),
            cls.after_name: CursorParameter(max_length=1024, help_text=cls.help_text.format("after")),
            cls.before_name: CursorParameter(max_length=1024, help_text=cls.help_text.format("before")),
        }

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page with one query. Raises InvalidQuery for an invalid cursor."""
        self.prepare(queryset, view)
        after, before = self.query[self.after_name], self.query[self.before_name]
        if after and before:
            raise InvalidQuery(fields={self.before_name: [f"This cannot be combined with {self.after_name}."]})
        backward = bool(before)
        position = self.position_of(after or before, self.before_name if backward else self.after_name)
        sorted_rows = rows_beyond(queryset, self.key, position, descending=self.falling != backward)
        found = list(rows_of_page(sorted_rows, 0, self.limit + 1))
        rows, more = found[: self.limit], len(found) > self.limit
        if backward:
            rows.reverse()
        self.has_next, self.has_prev = (True, more) if backward else (more, bool(after))
        self.before = self.cursor_of(rows[0]) if rows else after or before
        self.after = self.cursor_of(rows[-1]) if rows else after or before
        return rows

    def prepare(self, queryset: Any, view: Any) -> None:
        """Read the sort order from the view, and create the signer for its cursors."""
        self.query: dict[str, Any] = view.query
        self.limit: int = self.query[self.page_size_query_param]
        sorting = next((value for value in self.query.values() if isinstance(value, Sorting)), None)
        self.key = sorting.column if sorting else self.column
        self.falling = sorting.descending if sorting else self.descending
        self.field = field_at(queryset.model, self.key)
        own = self.names_of_position()
        filters = sorted((name, str(value)) for name, value in self.query.items() if name not in own)
        bound = (view.request.path, view.cursor_context(), self.key, self.falling, filters)
        self.signer = Signer(salt=f"perfectworks.api.cursors {bound}")

    def names_of_position(self) -> set[str]:
        """Return the names of the parameters that choose the page. A cursor does not depend on their values."""
        return {self.page_size_query_param, self.after_name, self.before_name}

    def cursor_of(self, row: Any) -> str:
        """Return the cursor of a row."""
        holder = SimpleNamespace(**{self.field.attname: value_at(row, self.key)})
        return self.signer.sign_object([self.field.value_to_string(holder), str(row.pk)])

    def position_of(self, cursor: str | None, name: str) -> Position | None:
        """Decode a cursor. Raises InvalidQuery if the cursor was changed or belongs to another list."""
        if cursor is None:
            return None
        try:
            value, identity = self.signer.unsign_object(cursor)
        except BadSignature as error:
            raise InvalidQuery(fields={name: ["This cursor does not belong to this list."]}) from error
        return Position(self.field.to_python(value), identity)

    def links(self, request: Request) -> dict[str, str]:
        """Return the URLs of this page and its neighbors: ``self``, ``next`` and ``prev`` (RFC 8288).

        The URLs start with ``PUBLIC_BASE_URL``, because the request's host cannot be trusted.
        """
        sent = request.query_params.dict()
        own = self.names_of_position() - {self.page_size_query_param}
        others = {name: value for name, value in sent.items() if name not in own}
        queries = {"self": sent}
        if self.has_next:
            queries["next"] = {**others, self.after_name: str(self.after)}
        if self.has_prev:
            queries["prev"] = {**others, self.before_name: str(self.before)}
        here = f"{settings.PUBLIC_BASE_URL}{request.path}"
        return {name: f"{here}?{urlencode(query)}" if query else here for name, query in queries.items()}

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Return the response with the rows and the pagination block."""
        return PageResponse(
            data,
            {
                "limit": self.limit,
                "before": self.before,
                "after": self.after,
                "hasNext": self.has_next,
                "hasPrev": self.has_prev,
            },
        )

    @classmethod
    def block_schema(cls) -> Schema:
        """Return the JSON Schema of the pagination block."""
        cursors = {name: {"type": ["string", "null"]} for name in ("before", "after")}
        flags = {name: {"type": "boolean"} for name in ("hasNext", "hasPrev")}
        properties = {"limit": {"type": "integer", "minimum": 1}} | cursors | flags
        return {"type": "object", "properties": properties, "required": list(properties)}


def rows_beyond(rows: Any, column: str, position: Position | None, *, descending: bool) -> Any:
    """Return the rows after the position, sorted by the column and the id."""
    columns = tuple(dict.fromkeys((column, "id")))
    ordered = narrow(rows, in_order, columns, descending)
    if position is None:
        return ordered
    values = {"id": position.id, column: position.value}
    place = {f"position_{name}": (field_at(rows.model, name), values[name]) for name in columns}
    return narrow(ordered, beyond, columns, descending, **place)


def in_order(rows: QuerySet, columns: tuple[str, ...], descending: bool) -> QuerySet:
    """Return the rows sorted by these columns, all in the same direction."""
    return rows.order_by(*(f"-{column}" if descending else column for column in columns))


def beyond(rows: QuerySet, columns: tuple[str, ...], descending: bool, **position: Any) -> QuerySet:
    """Return the rows after the position: ``(created_at, id) < (%s, %s)``.

    A comparison of rows is one range of an index, also among many rows with the same value. A column of another table
    has an index without the id, so it is compared alone too.
    """
    compared = Row(*map(F, columns)), Row(*(position[f"position_{column}"] for column in columns))
    sign = " < " if descending else " > "
    alone = "lte" if descending else "gte"
    related = {f"{name}__{alone}": position[f"position_{name}"] for name in columns if "__" in name}
    is_beyond = Func(*compared, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())
    return rows.filter(is_beyond, **related)


class Row(Func):
    """A row value in SQL: ``(created_at, id)``."""

    template = "(%(expressions)s)"


def value_at(row: Any, path: str) -> Any:
    """Return the value of a row at a path such as ``user__last_name``. The row is an object or a named tuple."""
    return getattr(row, path) if isinstance(row, tuple) else reduce(getattr, path.split("__"), row)


def field_at(model: type[Model], path: str) -> Any:
    """Return the field that a path such as ``user__last_name`` leads to."""
    *relations, name = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    return model._meta.get_field(name)


def link_header(links: Mapping[str, str]) -> str:
    """Return the value of a ``Link`` header (RFC 8288) from URLs by relation."""
    return ", ".join(f'<{address}>; rel="{name}"' for name, address in links.items())


def link_header_schema(*relations: str) -> Schema:
    """Return the description of a ``Link`` header with these relations."""
    return {"Link": {"description": f"RFC 8288: {', '.join(relations)}.", "schema": {"type": "string"}}}
