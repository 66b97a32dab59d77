"""INSERT statements that are compiled once for each model, and then run with new values.

``Model.save`` and ``bulk_create`` build the SQL for each row, which takes longer than PostgreSQL needs to insert it.
Use ``insert`` for the rows that many requests add. Like ``bulk_create``, it sends no signals.

The value of a column can be an expression that the database evaluates. ``F`` in it is another column of the same row.
"""

from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, F, Model
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
    shape = tuple(tuple(map(_shape_of, row)) for row in rows)
    compiler, sql, params = compiled_insert(model, shape, unique, update)
    connection = connections[DEFAULT_DB_ALIAS]
    values = {
        _name(number, field): field.get_db_prep_save(value, connection)
        for number, row in enumerate(rows)
        for field, value in zip(fields, row, strict=True)
        if not isinstance(value, Expression)
    }
    bound = [values[one.name] if isinstance(one, Parameter) else one for one in params]
    ran = copy_with(compiler, connection=connection, as_sql=lambda: [(sql, bound)])
    with mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
        returned = ran.execute_sql(compiler.returning_fields)
    for one, found in zip(objects, returned or [()] * len(objects), strict=True):
        for field, value in zip(compiler.returning_fields, found, strict=False):
            setattr(one, field.attname, value)
        one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS


def _shape_of(value: Any) -> Any:
    """Return what decides how a value is written in SQL: its expression, ``DatabaseDefault``, or None for a value."""
    if isinstance(value, DatabaseDefault):
        return DatabaseDefault
    return value if isinstance(value, Expression) else None


def _name(row: int, field: Any) -> str:
    """Return the name of the parameter for a column of a row."""
    return f"{row}_{field.attname}"


@lru_cache
def compiled_insert(
    model: type[Model], shape: tuple[tuple[Any, ...], ...], unique: tuple[str, ...], update: tuple[str, ...]
) -> tuple[Any, str, Any]:
    """Return the compiler, the SQL and its parameters. ``shape`` has the ``_shape_of`` each value of each row."""
    meta = model._meta
    fields = meta.concrete_fields
    placeholders: list[Any] = [_placeholders(row, fields, of_row) for row, of_row in enumerate(shape)]
    query = InsertQuery(
        model,
        on_conflict=OnConflict.UPDATE if update else None,
        unique_fields=[meta.get_field(name) for name in unique],
        update_fields=[meta.get_field(name) for name in update],
    )
    query.insert_values(fields, placeholders, raw=True)
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    evaluated = [field for field, *column in zip(fields, *shape, strict=True) if any(map(_is_expression, column))]
    compiler.returning_fields = [*meta.db_returning_fields, *evaluated]
    [(sql, params)] = compiler.as_sql()
    return compiler, sql, params


def _placeholders(row: int, fields: Sequence[Any], shape: tuple[Any, ...]) -> SimpleNamespace:
    """Return an object with a placeholder, a default or an expression for each column of a row."""
    parameters = {F(field.attname): Parameter(_name(row, field), field) for field in fields}
    values = {}
    for field, parameter, kind in zip(fields, parameters.values(), shape, strict=True):
        value = parameter if kind is None else field.get_default()
        values[field.attname] = kind.replace_expressions(parameters) if _is_expression(kind) else value
    return SimpleNamespace(**values)


def _is_expression(kind: Any) -> bool:
    return isinstance(kind, Expression)
