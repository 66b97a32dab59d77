"""Pages by number, as the house documents them."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.views import APIView

from .envelope import PageResponse
from .query import Integer, Parameter, Schema


class Pagination(BasePagination):
    """A paginator that can say what it adds to an operation."""

    @classmethod
    def query_parameters(cls) -> dict[str, Parameter]:
        """The query parameters, which the view reads before paging (`view.query`)."""
        raise NotImplementedError

    @classmethod
    def block_schema(cls) -> Schema:
        """The JSON Schema of the block beside the rows."""
        raise NotImplementedError


class PagePagination(Pagination):
    """`?page=` and `?limit=`: one COUNT and one query; past the end the page is empty.

    The view has read both parameters, so they are within their bounds.
    """

    limit_default = 10
    limit_maximum = 100

    page: int
    limit: int
    total: int

    @classmethod
    def query_parameters(cls) -> dict[str, Parameter]:
        """The parameters that an operation with these pages has."""
        return {
            "page": Integer(minimum=1, default=1, description="The number of the page."),
            "limit": Integer(
                minimum=1,
                maximum=cls.limit_maximum,
                default=cls.limit_default,
                description="How many rows a page has.",
            ),
        }

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page; afterwards `page`, `limit` and `total` are known."""
        query: Mapping[str, Any] = view.query  # type: ignore[union-attr]
        self.page, self.limit = query["page"], query["limit"]
        self.total = queryset.count()
        start = (self.page - 1) * self.limit
        return list(queryset[start : start + self.limit]) if start < self.total else []

    @property
    def pages(self) -> int:
        """How many pages there are; none when there are no rows."""
        return ceil(self.total / self.limit)

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Put the block beside the rows."""
        return PageResponse(
            data,
            {
                "page": self.page,
                "limit": self.limit,
                "total": self.total,
                "pages": self.pages,
                "hasNext": self.page < self.pages,
                "hasPrev": self.page > 1,
            },
        )

    @classmethod
    def block_schema(cls) -> Schema:
        """Describe the block in JSON Schema."""
        numbers = {name: {"type": "integer", "minimum": 0} for name in ("page", "limit", "total", "pages")}
        flags = {name: {"type": "boolean"} for name in ("hasNext", "hasPrev")}
        properties = numbers | flags
        return {"type": "object", "properties": properties, "required": list(properties)}
