"""Pagination by page number."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql.datastructures import Join
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.views import APIView

from core.compiled_rows import ShapedRows, in_columns, only_count

from .envelope import PageResponse
from .parameters import Fields, IntegerParameter
from .query import Schema

FAR = 10_000  # From this row on, all rows are counted first, and then skipped from the nearer end.


class Pagination(BasePagination):
    """A paginator that declares its query parameters and the schema of its pagination block."""

    page_size = 10
    max_page_size = 100
    page_size_query_param = "limit"

    @classmethod
    def query_fields(cls) -> Fields:
        """Return the query parameters. The view validates them before paging (`view.query`)."""
        raise NotImplementedError

    @classmethod
    def limit_field(cls) -> IntegerParameter:
        """Return the parameter for the page size."""
        return IntegerParameter(
            min_value=1,
            max_value=cls.max_page_size,
            default=cls.page_size,
            help_text="The number of rows on a page.",
        )

    @classmethod
    def block_schema(cls) -> Schema:
        """Return the JSON Schema of the pagination block."""
        raise NotImplementedError

    @classmethod
    def header_schemas(cls) -> Schema:
        """Return the descriptions of the response headers by name."""
        return {}


class PagePagination(Pagination):
    """`?page=` and `?limit=`. A page after the last one is empty.

    A page takes one query for its rows, and one for the exact total unless it is the last page. The view has validated
    both parameters already.
    """

    page_query_param = "page"

    page: int
    limit: int
    total: int

    @classmethod
    def query_fields(cls) -> Fields:
        """Return the parameters `page` and `limit`."""
        page = IntegerParameter(min_value=1, default=1, help_text="The number of the page.")
        return {cls.page_query_param: page, cls.page_size_query_param: cls.limit_field()}

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page, and set `page`, `limit` and `total`."""
        query: Mapping[str, Any] = view.query  # type: ignore[union-attr]
        self.page, self.limit = query[self.page_query_param], query[self.page_size_query_param]
        start = (self.page - 1) * self.limit
        if start >= FAR:
            self.total = count_rows(queryset)
            return list(rows_of_page(queryset, start, self.limit, self.total)) if start < self.total else []
        found = list(rows_of_page(queryset, start, self.limit + 1))
        is_last = len(found) <= self.limit and (found or not start)
        self.total = start + len(found) if is_last else count_rows(queryset)
        return found[: self.limit]

    @property
    def pages(self) -> int:
        """The number of pages. It is 0 if there are no rows."""
        return ceil(self.total / self.limit)

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.page < self.pages

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before this one. Also true on an empty page after the last one."""
        return self.page > 1

    def get_paginated_response(self, data: list[Any]) -> PageResponse:
        """Return the response with the rows and the pagination block."""
        return PageResponse(
            data,
            {
                "page": self.page,
                "limit": self.limit,
                "total": self.total,
                "pages": self.pages,
                "hasNext": self.has_next,
                "hasPrev": self.has_prev,
            },
        )

    @classmethod
    def block_schema(cls) -> Schema:
        """Return the JSON Schema of the pagination block."""
        numbers = {name: {"type": "integer", "minimum": 0} for name in ("page", "limit", "total", "pages")}
        flags = {name: {"type": "boolean"} for name in ("hasNext", "hasPrev")}
        properties = numbers | flags
        return {"type": "object", "properties": properties, "required": list(properties)}


def rows_of_page(
    rows: QuerySet | ShapedRows, start: int, limit: int, total: int | None = None
) -> QuerySet | ShapedRows:
    """Return ``limit`` sorted rows after the first ``start`` rows. Find their ids first."""
    if isinstance(rows, ShapedRows):
        return rows_of_page(rows.queryset(), start, limit, total) if start else rows.then(_first, limit)
    ids: Any = ids_of_page(rows, start, limit, total)
    return with_ids(rows, [row[-1] for row in ids] if parts_of(rows) else ids)


def _first(rows: QuerySet, limit: int) -> QuerySet:
    return with_ids(rows, ids_of_page(rows, 0, limit))


def with_ids(queryset: QuerySet, ids: Any) -> QuerySet:
    """Return the rows with these ids, of the rows of the queryset.

    The other conditions are left out, because PostgreSQL might read all rows that meet them and then look for the ids.
    They are kept if the queryset joins several rows to one: without them, the join would repeat the row.
    """
    fields: list[Any] = [join.join_field for join in queryset.query.alias_map.values() if isinstance(join, Join)]
    rows = queryset.all()
    if not any(field.one_to_many or field.many_to_many for field in fields):
        rows.query.clear_where()
    found: QuerySet = in_columns(rows.filter(pk__in=ids))
    return found


def ids_of_page(queryset: QuerySet, start: int, limit: int, total: int | None = None) -> QuerySet[Any, Any]:
    """Return the ids of these rows. The query has no joins, and an index often contains all that it reads.

    PostgreSQL therefore reads the ids in the order of an index, even in a prepared plan that expects few rows. With
    joins, such a plan would join all rows first and then sort them.

    If the total is given, the rows before the page are skipped from the nearer end. If the queryset has ``parts``
    (disjoint querysets with the same rows), the sort values and the ids are merged from these.
    """
    order = [str(column) for column in queryset.query.order_by or queryset.model._meta.ordering]
    stop = start + limit
    if total is not None and start > total - stop:
        order = [column.removeprefix("-") if column.startswith("-") else f"-{column}" for column in order]
        start, stop = max(0, total - stop), max(0, total - start)
    if parts := parts_of(queryset):
        return merge_parts(parts, order, start, stop)
    return queryset.order_by(*order).values("pk")[start:stop]


def count_rows(rows: QuerySet | ShapedRows) -> int:
    """Return the number of rows. Count each of the ``parts``, if there are any, in one query.

    To count the rows of all parts together, PostgreSQL would first have to put them together.
    """
    if not (parts := parts_of(rows)):
        return rows.count()
    first, *others = (only_count(part) for part in parts)
    return sum(number for (number,) in first.union(*others, all=True))


def merge_parts(parts: Sequence[QuerySet], order: Sequence[str], start: int, stop: int) -> QuerySet:
    """Return the sort values and the ids of a slice of all parts.

    PostgreSQL reads each part from an index, only as far as necessary. In one query with OR, it would sort all rows. It
    merges only parts that are sorted. SQLite does not accept sorted parts, and sorts the rows itself.
    """
    columns = [column.removeprefix("-") for column in order]
    found = [part.prefetch_related(None).order_by(*order).values_list(*columns) for part in parts]
    if len(found) == 1:
        return found[0][start:stop]
    can_sort_parts = connections[parts[0].db].features.supports_slicing_ordering_in_compound
    first, *others = (part[:stop] if can_sort_parts else part.order_by() for part in found)
    return first.union(*others, all=True).order_by(*order)[start:stop]


def parts_of(rows: QuerySet | ShapedRows) -> Sequence[QuerySet]:
    """Return the disjoint querysets that a queryset consists of, if it has such ``parts``. Compiled rows have none."""
    return getattr(rows, "parts", ())
