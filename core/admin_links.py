"""Links between admin pages. Django links each foreign key, also to pages that the staff member may not see."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest

from core.admin_labels import LABELS


def without_forbidden_links(
    site: AdminSite, model: type[models.Model], request: HttpRequest, fields: Sequence[Any]
) -> list[Any]:
    """Return the fields of a page. A foreign key to a page that is forbidden becomes a text."""
    return [
        without_forbidden_links(site, model, request, field)
        if isinstance(field, list | tuple)
        else _as_permitted(site, model, request, field)
        for field in fields
    ]


def may_see(site: AdminSite, model: type[models.Model], request: HttpRequest) -> bool:
    """Return whether the model has an admin page that the staff member may see."""
    return site.is_registered(model) and site.get_model_admin(model).has_view_permission(request)


def _as_permitted(site: AdminSite, model: type[models.Model], request: HttpRequest, field: Any) -> Any:
    try:
        column = model._meta.get_field(field) if isinstance(field, str) else None
    except FieldDoesNotExist:
        return field
    if not isinstance(column, models.ForeignKey) or may_see(site, column.related_model, request):
        return field
    return _text_of(column)


@cache  # Django compares the functions in the fields with those in the read-only fields
def _text_of(column: models.ForeignKey) -> Callable[[Any], Any]:
    """Return a function that shows the row in this column, with the name and the label of the column."""

    def text(row: Any) -> Any:
        return getattr(row, column.name) or "–"

    text.__name__ = column.name
    text.short_description = LABELS.get(column.name, column.verbose_name)  # type: ignore[attr-defined]
    return text
