"""New rows of a model, made several times as fast as by its constructor, for actions that insert thousands of them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.db import models
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=models.Model)


def new_row(model: type[Row], **columns: Any) -> Row:
    """Return an unsaved row with these values of columns (``role_id``, not ``role``). The others have their defaults.

    Raises TypeError for a name that is not a column.
    """
    defaults, made = _defaults(model)
    values = {**defaults, **columns}
    if len(values) > len(defaults):
        raise TypeError(f"{model.__name__} has no columns {', '.join(sorted(columns.keys() - defaults.keys()))}.")
    for name, make in made:
        if name not in columns:
            values[name] = make()
    row = model.__new__(model)  # the constructor takes several times as long as all this
    row._state = ModelState()
    vars(row).update(values)
    return row


@lru_cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return the default of each column, and what makes the defaults that are new for each row, such as ids."""
    fields = model._meta.concrete_fields
    made = [
        field for field in fields if callable(field.default) or (field.has_db_default() and not field.has_default())
    ]
    return {field.attname: field.get_default() for field in fields}, [(one.attname, one.get_default) for one in made]
