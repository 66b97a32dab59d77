"""Read the only row of a queryset, and count no more rows than necessary."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import QuerySet

Row = TypeVar("Row")


def only_row(rows: Iterable[Row]) -> Row | None:
    """Return the row of a queryset that has at most one, because of a unique constraint. Return None if it has none.

    ``first()`` sorts by the primary key. PostgreSQL may then read the index of the primary key from its start until it
    finds the row. This happens for a membership if the user has many memberships and the organization many members.
    """
    return next(iter(rows), None)


def count_up_to(limit: int, rows: QuerySet[Any, Any]) -> int:
    """Return the number of rows, or ``limit`` if there are more. Read at most ``limit`` rows."""
    return rows.order_by()[:limit].count()
