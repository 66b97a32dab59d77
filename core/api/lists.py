"""Pagination of the house lists: by number, and by cursor."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from .cursors import CursorPagination, link_header, link_header_schema
from .envelope import PageResponse
from .pagination import PagePagination
from .parameters import Fields
from .query import InvalidQuery, Schema


class ListPagination(CursorPagination):
    """Pages by number with the total (`?page=`), or pages by cursor without it. Both have `?limit=`.

    Every page has the cursors of its neighbors in the `Link` header (RFC 8288). A page by cursor also has them in its
    pagination block, as in ``CursorPagination``, and costs the same anywhere in the list.
    """

    help_text = (
        "A cursor: returns the rows {} it, as fast as the first page, without `page`, `pages` and `total`. "
        "Every page has the cursors of its neighbors in the `Link` header."
    )

    numbered: PagePagination | None

    @classmethod
    def query_fields(cls) -> Fields:
        """Return the parameters of both kinds of pages."""
        return {**PagePagination.query_fields(), **super().query_fields()}

    def names_of_position(self) -> set[str]:
        """Return the names of the parameters that choose the page, including its number."""
        return super().names_of_position() | {PagePagination.page_query_param}

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page. Raises InvalidQuery for an invalid cursor, and for a cursor with `page`."""
        self.request = request
        query: dict[str, Any] = view.query  # type: ignore[union-attr]
        cursors = [name for name in (self.after_name, self.before_name) if query[name]]
        if not cursors:
            return self.paginate_by_number(queryset, request, view)
        if PagePagination.page_query_param in request.query_params:
            message = f"This cannot be combined with {cursors[0]}."
            raise InvalidQuery(fields={PagePagination.page_query_param: [message]})
        self.numbered = None
        return super().paginate_queryset(queryset, request, view)

    def paginate_by_number(self, queryset: Any, request: Request, view: APIView | None) -> list[Any]:
        """Return the rows of the page with this number."""
        self.prepare(queryset, view)
        self.numbered = PagePagination()
        rows = self.numbered.paginate_queryset(queryset, request, view)
        self.has_next = bool(rows) and self.numbered.has_next
        self.has_prev = bool(rows) and self.numbered.has_prev
        self.before = self.cursor_of(rows[0]) if self.has_prev else None
        self.after = self.cursor_of(rows[-1]) if self.has_next else None
        return rows

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Return the response with the rows, the pagination block and the links to the neighbors."""
        response = self.numbered.get_paginated_response(data) if self.numbered else super().get_paginated_response(data)
        neighbors = {name: link for name, link in self.links(self.request).items() if name != "self"}
        if neighbors:
            response["Link"] = link_header(neighbors)
        return response

    @classmethod
    def block_schema(cls) -> Schema:
        """Return the JSON Schema of the pagination block: numbers and the total, or cursors."""
        by_number, by_cursor = PagePagination.block_schema(), super().block_schema()
        in_both = [name for name in by_number["required"] if name in by_cursor["required"]]
        return by_number | {"properties": by_number["properties"] | by_cursor["properties"], "required": in_both}

    @classmethod
    def header_schemas(cls) -> Schema:
        """Return the description of the `Link` header."""
        return link_header_schema("next", "prev")


class NewestFirstPagination(ListPagination):
    """Pages of a list without a sort parameter. Ids are in the order of creation."""

    column = "id"
