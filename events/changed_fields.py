"""Describe in an event which fields of a row changed. No other code decides which values an event contains.

Names, addresses and texts are never in events, so that a person can be erased without changing events.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

# Old and new values of these fields are recorded. Of all other fields, events have only the names.
RECORDED_TYPES = (
    *(models.ForeignKey, models.UUIDField, models.BooleanField),
    *(models.IntegerField, models.DecimalField, models.FloatField, models.DateField),  # DateField includes times
)
# Only names that our code declares, and ids of groups.
KNOWN_NAMES = frozenset({"permissions", "scopes", "given", "staff_role", "group_ids"})


def describe_changes(before: Mapping[str, Any], after: Mapping[str, Any], *, of: type[models.Model]) -> dict[str, Any]:
    """Return the event data ``changed``, ``old`` and ``new`` for the values of columns before and after a change.

    ``changed`` has the sorted names of the columns whose values differ. ``old`` and ``new`` have those values that are
    ids, states, permissions, numbers, dates or booleans. ``of`` is the model that has the columns.
    """
    changed = sorted(name for name, value in after.items() if value != before[name])
    recorded = [name for name in changed if _is_recorded(of, name)]
    old, new = ({name: values[name] for name in recorded} for values in (before, after))
    return {"changed": changed, "old": old, "new": new}


def changes_of(row: models.Model, **values: Any) -> dict[str, Any]:
    """Return what ``describe_changes`` returns for a row whose columns get these values.

    The row must have been loaded under a lock, and its attributes must still have the former values.
    """
    after = {_column(row, name): getattr(value, "pk", value) for name, value in values.items()}
    return describe_changes(values_of(row, after), after, of=type(row))


def values_of(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the present values of these fields by column. The value of a foreign key is the id."""
    return {column: getattr(row, column) for column in (_column(row, name) for name in names)}


def _column(row: models.Model, name: str) -> str:
    column: str = row._meta.get_field(name).attname  # type: ignore[union-attr]  # the field is no reverse relation
    return column


def _is_recorded(model: type[models.Model], name: str) -> bool:
    if name in KNOWN_NAMES:
        return True
    field = model._meta.get_field(name)
    return isinstance(field, RECORDED_TYPES) or bool(getattr(field, "choices", None))
