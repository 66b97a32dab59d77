"""Querysets that are compiled to SQL once, and then run with new values.

Django builds the SQL of a queryset for each request, which takes longer than PostgreSQL needs to run it. A
``CompiledQuery`` calls its function once, with a placeholder for each parameter, and keeps the SQL:

    KEY_BY_HASH = CompiledQuery(
        lambda secret_hash: ApiKey.objects.unexpired().filter(secret_hash=secret_hash), secret_hash=CharField()
    )
    key = KEY_BY_HASH.first(secret_hash="…")

The function gets placeholders and no request, so the value of one caller cannot become part of the SQL. If more than
values differ between requests, such as the sort order or which filters were sent, use ``core.compiled_rows``.
"""

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Field, QuerySet
from django.db.transaction import TransactionManagementError


class Parameter(Expression):
    """A placeholder for a value that comes later."""

    def __init__(self, name: str, field: Field) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return the placeholder in SQL, and this parameter in place of its value."""
        return "%s", [self]


def copy_with(original: Any, **attributes: Any) -> Any:
    """Return a copy of an object with some other attributes. It is faster than `copy.copy`, which pickles."""
    copied = object.__new__(type(original))
    copied.__dict__ = original.__dict__ | attributes
    return copied


class CompiledQuery:
    """A queryset that is compiled once. ``build`` returns it for the placeholders of the ``parameters``.

    The fields convert the values for the database. No value may be None, because SQL compares with NULL in another way.
    Values of the queryset that are not parameters are constants.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **parameters: Field) -> None:
        self.build = build
        self.parameters = parameters
        self.compiled: tuple[Any, ...] = ()

    def queryset(self, **values: Any) -> QuerySet[Any, Any]:
        """Return the queryset with these values. Django compiles it as usual."""
        return self.build(**values)

    def rows(self, **values: Any) -> list[Any]:
        """Return what the queryset returns for these values. Raises ValueError for None.

        Raises TransactionManagementError outside of a transaction if the queryset locks rows.
        """
        template, compiler, sql, params = self.compiled or self.compile()
        connection = connections[DEFAULT_DB_ALIAS]
        if template.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("Rows can only be locked in a transaction.")
        with connection.cursor() as cursor:
            cursor.execute(sql, self.bind(params, values, connection))
            fetched = cursor.fetchall()
        ran = copy_with(compiler, connection=connection, execute_sql=lambda *args, **options: [fetched])
        found = copy_with(template)
        found.query = copy_with(template.query, get_compiler=lambda *args, **options: ran)
        return list(template._iterable_class(found))

    def first(self, **values: Any) -> Any:
        """Return the first row, or None."""
        return next(iter(self.rows(**values)), None)

    def compile(self) -> tuple[Any, ...]:
        """Compile the queryset with placeholders and keep the result."""
        template = self.build(**{name: Parameter(name, field) for name, field in self.parameters.items()})
        compiler = template.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        converters, has_composite_fields = compiler.get_converters(columns), compiler.has_composite_fields(columns)
        compiler.get_converters = lambda _: converters
        compiler.has_composite_fields = lambda _: has_composite_fields
        self.compiled = template, compiler, sql, params
        return self.compiled

    def bind(self, params: Any, values: dict[str, Any], connection: Any) -> list[Any]:
        """Return the parameters of the SQL with these values. Raises ValueError for None."""
        if None in values.values():
            raise ValueError("No value of a compiled query may be None.")
        prepared = {name: field.get_db_prep_value(values[name], connection) for name, field in self.parameters.items()}
        return [prepared[one.name] if isinstance(one, Parameter) else one for one in params]
