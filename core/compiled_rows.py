"""The rows of a list, narrowed step by step like a queryset, but compiled once for all requests of the same shape.

    MEMBERS = CompiledRows(lambda team: Member.objects.filter(team=team), team=UUIDField())
    page = MEMBERS.of(team=key).then(newest_first)[:20]

The shape is the sequence of steps and their constants, such as the sort order or which filters were sent. Values are
never part of it: each step names the parameters that it needs.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from django.db.models import Count, Field, Model, QuerySet, Value

from core.compiled import CompiledQuery, Parameter

MAX_SHAPES = 100  # of one list; a page size and each combination of filters is a shape

#: A function from a queryset, constants and the values of its parameters to a queryset.
Step = Callable[..., QuerySet[Any, Any]]


class CompiledRows:
    """The start of all queries of a list. ``build`` returns a queryset for the placeholders of the ``parameters``."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **parameters: Field) -> None:
        self.build, self.parameters = build, parameters
        self.queries: dict[Any, CompiledQuery] = {}

    @cached_property
    def model(self) -> type[Model]:
        """The model of the rows."""
        return self.build(**{name: Parameter(name, field) for name, field in self.parameters.items()}).model

    def of(self, **values: Any) -> "ShapedRows":
        """Return all rows of the list for these values."""
        return ShapedRows(self, (), self.parameters, values)

    def query(self, steps: tuple[Any, ...], parameters: dict[str, Field]) -> CompiledQuery:
        """Return the query that takes these steps, compiled at its first use."""
        found = self.queries.get(steps)
        if found is None:
            if len(self.queries) >= MAX_SHAPES:
                self.queries.clear()
            found = self.queries[steps] = CompiledQuery(lambda **values: self.queryset(steps, values), **parameters)
        return found

    def queryset(self, steps: tuple[Any, ...], values: dict[str, Any]) -> QuerySet[Any, Any]:
        """Return the queryset after these steps."""
        rows = self.build(**{name: values[name] for name in self.parameters})
        for step, constants, names in steps:
            rows = step(rows, *constants, **{name: values[name] for name in names})
        return rows


class ShapedRows:
    """Some rows of a list in one request. Like a queryset, it is not changed but returns narrower ones.

    Paginators and filters use it in place of a queryset.
    """

    def __init__(
        self, start: CompiledRows, steps: tuple[Any, ...], parameters: dict[str, Field], values: dict[str, Any]
    ) -> None:
        self.start, self.steps, self.parameters, self.values = start, steps, parameters, values

    def then(self, step: Step, *constants: Any, **parameters: tuple[Field, Any]) -> "ShapedRows":
        """Return the rows after one more step. Each parameter is a field and a value."""
        fields = {name: field for name, (field, _) in parameters.items()}
        values = {name: value for name, (_, value) in parameters.items()}
        steps = (*self.steps, (step, constants, tuple(fields)))
        return ShapedRows(self.start, steps, self.parameters | fields, self.values | values)

    @property
    def model(self) -> type[Model]:
        """The model of the rows."""
        return self.start.model

    def __iter__(self) -> Iterator[Any]:
        return iter(self.start.query(self.steps, self.parameters).rows(**self.values))

    def __getitem__(self, first: slice) -> "ShapedRows":
        """Return the first rows: `rows[:20]`. To skip rows, use ``queryset()``: each offset would be another shape."""
        return self.then(_limited, first.stop)

    def count(self) -> int:
        """Return the number of rows."""
        [(number,)] = self.then(only_count)
        return int(number)

    def queryset(self) -> QuerySet[Any, Any]:
        """Return the queryset of these rows. Django compiles it as usual."""
        values = {name: Value(value, self.parameters[name]) for name, value in self.values.items()}
        return self.start.queryset(self.steps, values)


def _limited(rows: QuerySet[Any, Any], limit: int) -> QuerySet[Any, Any]:
    return rows[:limit]


def only_count(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Return a queryset with the number of rows as its only row, like ``count()``."""
    alone = rows.order_by().values(every=Value(1))
    return alone.annotate(number=Count("*")).values_list("number")


def narrow(rows: Any, step: Step, *constants: Any, **parameters: tuple[Field, Any]) -> Any:
    """Return the rows after a step. They are a queryset or ``ShapedRows``."""
    if isinstance(rows, ShapedRows):
        return rows.then(step, *constants, **parameters)
    return step(rows, *constants, **{name: Value(value, field) for name, (field, value) in parameters.items()})


def in_columns(rows: Any) -> Any:
    """Return the rows as named tuples of their ``columns``, if they have any. This is the last step of a list.

    Django takes longer to make model objects than PostgreSQL to find the rows.
    """
    return narrow(rows, _in_columns)


def _in_columns(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    columns = getattr(rows, "columns", ())
    return rows.values_list(*columns, named=True) if columns else rows
