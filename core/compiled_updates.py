"""Updates that are compiled once, like the queries of ``core.compiled``."""

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, QuerySet
from django.db.models.sql import UpdateQuery

from core.compiled import Parameter

#: A function from the values of the parameters to the rows, and to their new values by column.
Change = Callable[..., tuple[QuerySet[Any, Any], dict[str, Any]]]


class CompiledUpdate:
    """An UPDATE that is compiled once. ``build`` returns the rows and their new values for the placeholders.

    No value may be None, because SQL compares with NULL in another way. A constant of ``build`` may be None.
    """

    def __init__(self, build: Change, **parameters: Field) -> None:
        self.build, self.parameters = build, parameters
        self.compiled: tuple[str, Any] | None = None

    def run(self, **values: Any) -> int:
        """Update the rows for these values. Return how many there were. Raises ValueError for None."""
        if None in values.values():
            raise ValueError("No value of a compiled update may be None.")
        sql, params = self.compiled or self.compile()
        connection = connections[DEFAULT_DB_ALIAS]
        ready = {name: field.get_db_prep_value(values[name], connection) for name, field in self.parameters.items()}
        with connection.cursor() as cursor:
            cursor.execute(sql, [ready[one.name] if isinstance(one, Parameter) else one for one in params])
            return int(cursor.rowcount)

    def compile(self) -> tuple[str, Any]:
        """Compile the UPDATE with placeholders and keep the result."""
        rows, columns = self.build(**{name: Parameter(name, field) for name, field in self.parameters.items()})
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(columns)
        self.compiled = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return self.compiled
