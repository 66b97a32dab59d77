"""Pages by keyset: stable while rows come and go, and as fast at any depth.

A cursor names the row it stands at by (column, id). It is signed, and bound to the path, to the filters and the
order of the request it was made for, and to the view's `cursor_context()` (an organization that no path names).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from .envelope import PageResponse
from .filter_fields import Sorting
from .pagination import Pagination
from .parameters import Fields, TextParameter
from .query import InvalidQuery, Schema


@dataclass(frozen=True)
class Position:
    """A place between rows: just behind the row with this value and id."""

    value: Any
    id: Any


class CursorPagination(Pagination):
    """`?after=` and `?before=` a cursor, `?limit=` rows. The paginator orders the rows itself.

    Subclasses choose the column, the direction and the names of the parameters. A `Sorting` among the view's
    query values wins over both. Afterwards `after` and `before` are the cursors of the last and the first row
    (of an empty page: the one that was sent), and `has_next` and `has_prev` say whether to use them.
    """

    column = "created_at"
    descending = True
    after_name, before_name = "after", "before"

    @classmethod
    def query_fields(cls) -> Fields:
        """The parameters that an operation with these pages has."""
        return {
            cls.page_size_query_param: cls.limit_field(),
            cls.after_name: TextParameter(max_length=1024, help_text="A cursor: the rows behind it."),
            cls.before_name: TextParameter(max_length=1024, help_text="A cursor: the rows in front of it."),
        }

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page, with one query. Raises InvalidQuery for a cursor that is not ours."""
        self.prepare(queryset, view)
        after, before = self.query[self.after_name], self.query[self.before_name]
        if after and before:
            raise InvalidQuery(fields={self.before_name: [f"This excludes {self.after_name}."]})
        backward = bool(before)
        position = self.position_of(after or before, self.before_name if backward else self.after_name)
        found = list(self.rows_beyond(queryset, position, self.falling != backward)[: self.limit + 1])
        rows, more = found[: self.limit], len(found) > self.limit
        if backward:
            rows.reverse()
        self.has_next, self.has_prev = (True, more) if backward else (more, bool(after))
        self.before = self.cursor_of(rows[0]) if rows else after or before
        self.after = self.cursor_of(rows[-1]) if rows else after or before
        return rows

    def prepare(self, queryset: QuerySet, view: Any) -> None:
        """Learn the order and what the cursors are bound to from the view."""
        self.query: dict[str, Any] = view.query
        self.limit: int = self.query[self.page_size_query_param]
        sorting = next((value for value in self.query.values() if isinstance(value, Sorting)), None)
        self.key = sorting.column if sorting else self.column
        self.falling = sorting.descending if sorting else self.descending
        self.field = queryset.model._meta.get_field(self.key)
        own = {self.page_size_query_param, self.after_name, self.before_name}
        filters = sorted((name, str(value)) for name, value in self.query.items() if name not in own)
        bound = (view.request.path, view.cursor_context(), self.key, self.falling, filters)
        self.signer = Signer(salt=f"perfectworks.api.cursors {bound}")

    def rows_beyond(self, queryset: QuerySet, position: Position | None, descending: bool) -> QuerySet:
        """Order the rows and skip those up to the position, in the form that indexes serve at any depth."""
        sign = "-" if descending else ""
        ordered = queryset.order_by(f"{sign}{self.key}", f"{sign}id")
        if position is None:
            return ordered
        onwards, back = ("lte", "gte") if descending else ("gte", "lte")
        return ordered.filter(**{f"{self.key}__{onwards}": position.value}).exclude(
            **{self.key: position.value, f"id__{back}": position.id}
        )

    def cursor_of(self, row: Model) -> str:
        """The cursor that stands at a row."""
        return self.signer.sign_object([self.field.value_to_string(row), str(row.pk)])

    def position_of(self, cursor: str | None, name: str) -> Position | None:
        """Read a cursor back. Raises InvalidQuery for one that was altered, or made for another list."""
        if cursor is None:
            return None
        try:
            value, identity = self.signer.unsign_object(cursor)
        except BadSignature as error:
            raise InvalidQuery(fields={name: ["This cursor does not belong to this list."]}) from error
        return Position(self.field.to_python(value), identity)

    def links(self, request: Request) -> dict[str, str]:
        """The addresses of this page, ``self``, and of those beside it, ``next`` and ``prev`` (RFC 8288).

        They name this service by ``PUBLIC_BASE_URL``, never by the request's host.
        """
        sent = request.query_params.dict()
        own = (self.after_name, self.before_name)
        others = {name: value for name, value in sent.items() if name not in own}
        queries = {"self": sent}
        if self.has_next:
            queries["next"] = {**others, self.after_name: str(self.after)}
        if self.has_prev:
            queries["prev"] = {**others, self.before_name: str(self.before)}
        here = f"{settings.PUBLIC_BASE_URL}{request.path}"
        return {name: f"{here}?{urlencode(query)}" if query else here for name, query in queries.items()}

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Put the block beside the rows."""
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
        """Describe the block in JSON Schema."""
        cursors = {name: {"type": ["string", "null"]} for name in ("before", "after")}
        flags = {name: {"type": "boolean"} for name in ("hasNext", "hasPrev")}
        properties = {"limit": {"type": "integer", "minimum": 1}} | cursors | flags
        return {"type": "object", "properties": properties, "required": list(properties)}
