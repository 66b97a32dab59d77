"""The tables of a database, and whether an older release can still work with them."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import psycopg

POSTGRESQL = """
SELECT table_name, column_name, data_type, is_nullable = 'YES',
       column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS'
FROM information_schema.columns WHERE table_schema = 'public'
"""
SQLITE = """
SELECT tables.name, columns.name, lower(columns.type), NOT columns."notnull",
       columns.dflt_value IS NOT NULL OR columns.pk > 0
FROM sqlite_master AS tables JOIN pragma_table_xinfo(tables.name) AS columns WHERE tables.type = 'table'
"""


class Column(NamedTuple):
    """A column: its type without a length, whether it can be null, and whether the database fills it in."""

    type: str
    nullable: bool
    filled: bool


Schema = dict[str, dict[str, Column]]


def schema_of(url: str) -> Schema:
    """Return the tables of the database with their columns."""
    found: Schema = {}
    for table, name, type_, nullable, filled in rows_of(url):
        found.setdefault(table, {})[name] = Column(type_.partition("(")[0], bool(nullable), bool(filled))
    return found


def rows_of(url: str) -> list[tuple[str, str, str, bool, bool]]:
    """Return a row for each column."""
    if url.startswith("sqlite:///"):
        session = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            return session.execute(SQLITE).fetchall()
        finally:
            session.close()
    with psycopg.connect(url) as server:
        return server.execute(POSTGRESQL).fetchall()


def contractions(used: dict[str, list[str]], before: Schema, after: Schema) -> Iterator[str]:
    """Yield what an older release cannot work with. `used` has the tables and columns that it uses."""
    for table, columns in used.items():
        if table not in after:
            yield f"The table {table} is gone."
            continue
        for name in columns:
            yield from changes(f"{table}.{name}", before[table][name], after[table].get(name))
        for name, column in after[table].items():
            if name not in columns and not (column.nullable or column.filled):
                yield f"{table}.{name} needs a value, which the older release does not write."


def changes(name: str, before: Column, after: Column | None) -> Iterator[str]:
    """Yield how a column became unusable for an older release."""
    if after is None:
        yield f"{name} is gone."
    elif after.type != before.type:
        yield f"{name} changed from {before.type} to {after.type}."
    elif before.nullable and not after.nullable:
        yield f"{name} can no longer be null."
    elif before.filled and not (after.filled or after.nullable):
        yield f"{name} has lost its default, which the older release relies on."
