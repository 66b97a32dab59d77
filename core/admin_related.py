"""Related rows in the admin: a bounded table on the page of a row, and a list with only the rows of one other row."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse

from core.admin_links import may_see
from core.admin_long_lists import total_of

SHOWN_ROWS = 20


class NewestRows(BaseInlineFormSet):
    """The newest related rows, with the number of all related rows and the URL of their list.

    The number is exact or an estimate, as on the list (``core.admin_long_lists``).
    """

    model: type[models.Model]
    fk: Any
    shown: list[Any]
    total: int
    is_estimated = False
    oldest_first = False

    def get_queryset(self) -> Any:
        """Return the newest rows. Django only counts and iterates them."""
        if not hasattr(self, "shown"):
            rows = super().get_queryset().order_by("-pk")
            self.shown = list(rows[: SHOWN_ROWS + 1])
            self.total = len(self.shown)
            if len(self.shown) > SHOWN_ROWS:
                self.total, self.is_estimated = total_of(rows)
            del self.shown[SHOWN_ROWS:]
            if self.oldest_first:
                self.shown.reverse()
        return self.shown

    @property
    def list_url(self) -> str:
        """The URL of the list of all related rows, or "" if all are shown or there is no such list."""
        if self.total <= len(self.shown) or self.fk.name not in filters_by_row(self.model):
            return ""
        return url_of_list(self.model, **{self.fk.name: self.instance.pk})


class NewestRowsInOrder(NewestRows):
    """The newest related rows, the oldest of them first."""

    oldest_first = True


class RowFilter(admin.SimpleListFilter):
    """Show only the rows that belong to one other row. The filter is shown only on lists with its parameter."""

    model: type[models.Model]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the row in the parameter, if there is one. Raises IncorrectLookupParameters for another value.

        Staff who may not see the row's page read its ID instead of its name.
        """
        value = request.GET.get(str(self.parameter_name))
        if not value:
            return []
        try:
            row = self.model._default_manager.filter(pk=value).first()
        except (ValidationError, ValueError) as error:
            raise IncorrectLookupParameters from error
        named = row is not None and may_see(model_admin.admin_site, self.model, request)
        return [(value, str(row) if named else value)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the rows that belong to the row in the parameter."""
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


def of_one(name: str, model: type[models.Model], title: Any) -> type[RowFilter]:
    """Return a filter by the row of ``model`` that the column ``name`` refers to."""
    return type("OfOneRow", (RowFilter,), {"parameter_name": name, "model": model, "title": title})


def filters_by_row(model: type[models.Model]) -> list[str]:
    """Return the parameters of the list of this model that filter by one other row."""
    page = admin.site._registry.get(model)
    declared: Any = page.list_filter if page else ()
    return [str(f.parameter_name) for f in declared if isinstance(f, type) and issubclass(f, RowFilter)]


def url_of_list(model: type[models.Model], **parameters: Any) -> str:
    """Return the URL of an admin list with these parameters."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(parameters)}"
