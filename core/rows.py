"""Read the only row of a queryset, count no more rows than necessary, and make objects from JSON."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Field, JSONField, Model, QuerySet

Row = TypeVar("Row")
ModelType = TypeVar("ModelType", bound=Model)


def only_row(rows: Iterable[Row]) -> Row | None:
    """Return the row of a queryset that has at most one, because of a unique constraint. Return None if it has none.

    ``first()`` sorts by the primary key. PostgreSQL may then read the index of the primary key from its start until it
    finds the row. This happens for a membership if the user has many memberships and the organization many members.
    """
    return next(iter(rows), None)


def count_up_to(limit: int, rows: QuerySet[Any, Any]) -> int:
    """Return the number of rows, or ``limit`` if there are more. Read at most ``limit`` rows."""
    return rows.order_by()[:limit].count()


def object_from_json(model: type[ModelType], columns: Mapping[str, Any]) -> ModelType:
    """Return the object with these columns, as the database converts them to JSON. The other columns are deferred.

    Ids and times are text. On SQLite, times are in UTC but do not say so, and JSON in JSON is text.
    """
    fields = [field for field in model._meta.concrete_fields if field.attname in columns]  # in the order of `from_db`
    values = [_value_from_json(field, columns[field.attname]) for field in fields]
    return model.from_db("default", [field.attname for field in fields], values)


def _value_from_json(field: Field, value: Any) -> Any:
    if isinstance(field, JSONField):
        return json.loads(value) if isinstance(value, str) else value
    found = field.to_python(value)
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found
