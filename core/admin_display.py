"""How the admin shows values: times relative to now, states as badges, and columns with plain names.

Lists and pages name the columns of a model as in Django. ``Displays`` replaces their names by functions that return
what is shown.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from core.admin_labels import LABELS
from core.relative_time import relative_time

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    States = Mapping[str, tuple[StrPromise, str]]

GOOD, WAITING, BAD, QUIET = "good", "waiting", "bad", "quiet"  # the tones of badges, in perfectworks.css
YES, NO = _("yes"), _("no")


def badge(value: Any, states: "States") -> str:
    """Return the label of a state in the colors of its tone. Return unknown values as they are."""
    label, tone = states.get(str(value), (str(value), QUIET))
    return format_html('<span class="pw-badge pw-{}">{}</span>', tone, label)


def moment(time: datetime) -> str:
    """Return the time relative to now, and the date."""
    return format_html(
        '<span class="pw-moment"><span class="pw-relative">{}</span> <time datetime="{}">{}</time></span>',
        relative_time(time),
        time.isoformat(),
        localize(localtime(time)),
    )


class Displays:
    """A mixin for pages and tables of the admin. ``badges`` has the states of the columns that show states."""

    model: type[models.Model]
    badges: "ClassVar[Mapping[str, States]]" = {}

    def shown_in_lists(self, names: Iterable[Any]) -> list[Any]:
        """Return a function for each column of the model, and for other columns with badges."""
        return [self._column(name) if self._is_column(name) else name for name in names]

    def shown_on_pages(self, names: Iterable[Any]) -> list[Any]:
        """Return a function for each time, state, and yes or no. Django shows the others, such as links to rows."""
        return [
            self._column(name)
            if self._has_own_display(name)
            else tuple(self.shown_on_pages(name))
            if isinstance(name, list | tuple)
            else name
            for name in names
        ]

    def _is_column(self, name: Any) -> bool:
        return isinstance(name, str) and (name in self.badges or field_of(self.model, name) is not None)

    def _has_own_display(self, name: Any) -> bool:
        if not isinstance(name, str):
            return False
        return name in self.badges or isinstance(field_of(self.model, name), models.DateTimeField | models.BooleanField)

    def _column(self, name: str) -> Callable[[Any], Any]:
        """Return always the same function for a column, because Django compares them."""
        columns: dict[str, Callable[[Any], Any]] = self.__dict__.setdefault("_columns", {})
        return columns.setdefault(name, self._new_column(name))

    def _new_column(self, name: str) -> Callable[[Any], Any]:
        """Return a function that shows the column and has the attributes that Django reads from functions."""
        field, method, states = field_of(self.model, name), getattr(self, name, None), self.badges.get(name)

        def column(row: Any) -> Any:
            value = method(row) if method else getattr(row, name)
            return badge(value, states) if states and value not in (None, "") else displayed_value(value)

        def exported(row: Any) -> Any:
            value = method(row) if method else getattr(row, name)
            return states.get(str(value), (value, QUIET))[0] if states and value not in (None, "") else value

        column.__name__ = name
        described: Any = column
        described.exported = exported  # for ``core.admin_export``: the value without HTML
        described.short_description = getattr(method, "short_description", None) or LABELS.get(name, name)
        described.admin_order_field = name if field else getattr(method, "admin_order_field", None)
        return column


def displayed_value(value: Any) -> Any:
    """Return a value as the admin shows it. Nothing is shown for None."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, datetime):
        return moment(value)
    return "" if value is None else value


def field_of(model: type[models.Model], name: str) -> "models.Field[Any, Any] | None":
    """Return the column of this name, or None for a method or property."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) else None


def labels_of(model: type[models.Model]) -> dict[str, Any]:
    """Return the plain names of the columns of a model."""
    return {name: label for name, label in LABELS.items() if field_of(model, name)}
