"""Insert thousands of new rows.

PostgreSQL reads them with ``COPY``, which is several times faster than ``INSERT``. SQLite runs one ``INSERT`` for each
row, because it takes few values in one statement, and compiling a statement takes longer than running it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from django.db import connections, models
from django.db.models.expressions import DatabaseDefault

MANY = 100  # rows; fewer rows are inserted by one statement
BATCH = 1000
# The database driver takes the values of these fields as they are. Django's own conversion takes several times as long.
PLAIN = (
    *(models.CharField, models.TextField, models.UUIDField, models.ForeignKey),
    *(models.DateTimeField, models.IntegerField, models.BooleanField),
)

Read = Callable[[Any], Any]


def insert_all(rows: Iterable[models.Model]) -> None:
    """Insert new rows of one model, in their order. Columns that only the database has a default for may be unset.

    Raises IntegrityError. Use it inside a transaction.
    """
    new: list[Any] = list(rows)
    connection = connections["default"]
    if len(new) < MANY:
        if new:
            type(new[0])._default_manager.bulk_create(new, batch_size=BATCH)
        return
    insert = _copy if connection.vendor == "postgresql" else _insert_each
    for unset, group in _by_unset_columns(new).items():
        insert(connection, [field for field in new[0]._meta.concrete_fields if field.attname not in unset], group)


def _by_unset_columns(rows: list[Any]) -> dict[frozenset[str], list[Any]]:
    """Return the rows by the names of the columns that get the database's default."""
    names = [field.attname for field in rows[0]._meta.concrete_fields if field.has_db_default()]
    groups: dict[frozenset[str], list[Any]] = defaultdict(list)
    for row in rows:
        groups[frozenset(name for name in names if isinstance(getattr(row, name), DatabaseDefault))].append(row)
    return groups


def _target(connection: Any, fields: list[Any]) -> str:
    """Return the table and the columns as SQL."""
    quoted = connection.ops.quote_name
    return f"{quoted(fields[0].model._meta.db_table)} ({', '.join(quoted(field.column) for field in fields)})"


def _insert_each(connection: Any, fields: list[Any], rows: list[Any]) -> None:
    values = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {_target(connection, fields)} VALUES ({values})",  # noqa: S608 - names of a model
            ([field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields] for row in rows),
        )


def _copy(connection: Any, fields: list[Any], rows: list[Any]) -> None:
    readers = [_reader(field) for field in fields]
    with connection.cursor() as cursor, cursor.copy(f"COPY {_target(connection, fields)} FROM STDIN") as copy:
        for row in rows:
            copy.write_row([read(row) for read in readers])


def _reader(field: Any) -> Read:
    """Return a function that returns the value of this column of a row. Raises TypeError for other kinds of fields."""
    if isinstance(field, models.JSONField):
        return _json_reader(field)
    if not isinstance(field, PLAIN):
        raise TypeError(f"{type(field).__name__} cannot be copied.")
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return lambda row: field.pre_save(row, True)
    return attrgetter(field.attname)


def _json_reader(field: models.JSONField) -> Read:
    read, encoder = attrgetter(field.attname), json.JSONEncoder if field.encoder is None else field.encoder
    encode = encoder().encode
    return lambda row: None if (value := read(row)) is None else encode(value)
