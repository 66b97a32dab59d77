"""What is always true of the rows in the database.

Each app declares its invariants in ``invariants.py``. ``manage.py verify`` reads them all. The queries work on whole
tables and are fast enough for millions of rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_, or_
from typing import Any

from django.apps import apps
from django.db.models import BooleanField, CheckConstraint, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.module_loading import autodiscover_modules

MAX_EXAMPLES = 5

#: A function that returns the ids of the rows for which the invariant is not true.
Violations = Callable[[], QuerySet[Any, Any]]


@dataclass(frozen=True)
class Invariant:
    """A statement about all rows."""

    name: str
    statement: str
    violations: Violations

    def check(self) -> "Finding":
        """Look for violations, with one statement if there are few."""
        rows = self.violations()
        examples = [str(key) for key in rows[: MAX_EXAMPLES + 1]]
        count = len(examples) if len(examples) <= MAX_EXAMPLES else rows.count()
        return Finding(self, count, examples[:MAX_EXAMPLES])


@dataclass(frozen=True)
class Finding:
    """How many rows violate an invariant, and the ids of a few of them."""

    invariant: Invariant
    count: int
    examples: list[str]


_DECLARED: list[Invariant] = []


def invariant(violations: Violations) -> Violations:
    """Declare an invariant. Its name is the function's name, its statement the first line of the docstring."""
    statement = (violations.__doc__ or "").partition("\n")[0]
    _DECLARED.append(Invariant(violations.__name__, statement, violations))
    return violations


def all_invariants() -> list[Invariant]:
    """Return the invariants that the apps declare, by app, and those of each model's constraints."""
    autodiscover_modules("invariants")
    declared = sorted(_DECLARED, key=lambda one: one.violations.__module__)
    return [*declared, *_foreign_keys(), *_check_constraints()]


def _foreign_keys() -> Iterator[Invariant]:
    """Yield an invariant for each model with foreign keys.

    The database enforces them, but not in the shell of SQLite, and not while a restore has switched them off.
    """
    for model in apps.get_models(include_auto_created=True):
        keys = [field for field in model._meta.concrete_fields if field.is_relation]
        if keys:
            name = f"references_of_{model._meta.label_lower.replace('.', '_')}"
            statement = f"Every row of {model._meta.label} refers only to rows that exist."
            yield Invariant(name, statement, partial(_dangling, model, keys))


def _dangling(model: type[Model], keys: list[Any]) -> QuerySet[Any, Any]:
    """Return the keys of the rows that refer to a row that does not exist."""
    absent = (Q(**{f"{key.attname}__isnull": False}) & ~Q(Exists(_rows_named_by(key))) for key in keys)
    return model._base_manager.filter(reduce(or_, absent)).order_by().values_list("pk", flat=True)


def _rows_named_by(key: Any) -> QuerySet[Any, Any]:
    named: QuerySet[Any, Any] = key.related_model._base_manager.filter(
        **{key.target_field.attname: OuterRef(key.attname)}
    )
    return named


def _check_constraints() -> Iterator[Invariant]:
    """Yield an invariant for each model with CHECK constraints.

    The database enforces them, unless somebody has switched them off, for example for a restore.
    """
    for model in apps.get_models():
        checks = [one.condition for one in model._meta.constraints if isinstance(one, CheckConstraint)]
        if checks:
            name = f"checks_of_{model._meta.label_lower.replace('.', '_')}"
            statement = f"Every row of {model._meta.label} satisfies the CHECK constraints."
            yield Invariant(name, statement, partial(_unsatisfied, model, checks))


def _unsatisfied(model: type[Model], conditions: list[Any]) -> QuerySet[Any, Any]:
    """Return the keys of the rows for which a condition is false. As in the database, unknown (NULL) is not false."""
    satisfied = (Q(Coalesce(one, Value(True), output_field=BooleanField())) for one in conditions)
    return model._default_manager.exclude(reduce(and_, satisfied)).order_by().values_list("pk", flat=True)
