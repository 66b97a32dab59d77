"""Check the invariants of the data, as `manage.py verify` does."""

from functools import cache
from typing import Any

from django.db import connection

from core.invariants import all_invariants


def violations() -> dict[str, list[str]]:
    """Return the invariants that rows violate, by name, with the ids of a few of these rows."""
    violated = violated_names()
    findings = [invariant.check() for invariant in all_invariants() if invariant.name in violated]
    return {finding.invariant.name: finding.examples for finding in findings}


def violated_names() -> set[str]:
    """Return the names of the violated invariants, with one statement, because many tests call this."""
    statement, parameters = _statement()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {name for (name,) in cursor.fetchall()}


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    found = {invariant.name: invariant.violations().query.sql_with_params() for invariant in all_invariants()}
    parts = [f"SELECT '{name}' WHERE EXISTS ({sql})" for name, (sql, _) in found.items()]
    return " UNION ALL ".join(parts), tuple(value for _, values in found.values() for value in values)
