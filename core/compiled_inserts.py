"""INSERT statements that are compiled once for each model, and then run with new values.

``Model.save`` and ``bulk_create`` build the SQL for each row, which takes longer than PostgreSQL needs to insert it.
Use ``insert`` for the rows that many requests add. Like ``bulk_create``, it sends no signals.
"""

from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import InsertQuery
from django.db.transaction import mark_for_rollback_on_error

from core.bulk_insert import BATCH, insert_all
from core.compiled import Parameter, copy_with

MAX_COMPILED = 5  # rows; each number of rows is a statement of its own


def insert(*objects: Model, unique: Sequence[str] = (), update: Sequence[str] = ()) -> None:
    """Insert rows of the same model, and set the columns that the database has filled in.

    Rows with the same values of the ``unique`` columns are updated instead: they get the new values of the ``update``
    columns.
    """
    if len(objects) > MAX_COMPILED:
        _insert_many(objects, unique, update)
    elif objects:
        _insert_few(objects, tuple(unique), tuple(update))


def _insert_many(objects: Sequence[Any], unique: Sequence[str], update: Sequence[str]) -> None:
    if not update:
        insert_all(objects)
        return
    conflicts = {"update_conflicts": True, "unique_fields": unique, "update_fields": update}
    type(objects[0]).objects.bulk_create(objects, batch_size=BATCH, **conflicts)


def _insert_few(objects: Sequence[Any], unique: tuple[str, ...], update: tuple[str, ...]) -> None:
    model: Any = type(objects[0])
    fields = model._meta.concrete_fields
    rows = [[field.pre_save(one, add=True) for field in fields] for one in objects]
    defaults = tuple(tuple(isinstance(value, DatabaseDefault) for value in row) for row in rows)
    compiler, sql, params = compiled_insert(model, defaults, unique, update)
    connection = connections[DEFAULT_DB_ALIAS]
    values = {
        _name(number, field): field.get_db_prep_save(value, connection)
        for number, row in enumerate(rows)
        for field, value in zip(fields, row, strict=True)
        if not isinstance(value, DatabaseDefault)
    }
    bound = [values[one.name] if isinstance(one, Parameter) else one for one in params]
    ran = copy_with(compiler, connection=connection, as_sql=lambda: [(sql, bound)])
    with mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
        returned = ran.execute_sql(compiler.returning_fields)
    for one, found in zip(objects, returned or [()] * len(objects), strict=True):
        for field, value in zip(compiler.returning_fields, found, strict=False):
            setattr(one, field.attname, value)
        one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS


def _name(row: int, field: Any) -> str:
    """Return the name of the parameter for a column of a row."""
    return f"{row}_{field.attname}"


@lru_cache
def compiled_insert(
    model: type[Model], defaults: tuple[tuple[bool, ...], ...], unique: tuple[str, ...], update: tuple[str, ...]
) -> tuple[Any, str, Any]:
    """Return the compiler, the SQL and its parameters. ``defaults`` says which values the database fills in."""
    meta = model._meta
    fields = meta.concrete_fields
    placeholders: list[Any] = [
        SimpleNamespace(
            **{
                field.attname: field.get_default() if is_default else Parameter(_name(row, field), field)
                for field, is_default in zip(fields, of_row, strict=True)
            }
        )
        for row, of_row in enumerate(defaults)
    ]
    query = InsertQuery(
        model,
        on_conflict=OnConflict.UPDATE if update else None,
        unique_fields=[meta.get_field(name) for name in unique],
        update_fields=[meta.get_field(name) for name in update],
    )
    query.insert_values(fields, placeholders, raw=True)
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.returning_fields = meta.db_returning_fields
    [(sql, params)] = compiler.as_sql()
    return compiler, sql, params
