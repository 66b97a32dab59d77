"""The read-only base class of all admin pages. Only actions change rows (``accounts/admin_buttons.py``)."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from core.addresses import displayed_address, normalize_address


class Permissions:
    """A mixin with the column ``permission_list``, for models that have ``permissions``."""

    @admin.display(description=_("permissions"))
    def permission_list(self, row: Any) -> str:
        """Return the sorted permissions, one per line."""
        return format_html_join("", "<div>{}</div>", ((name,) for name in sorted(row.permissions or ()))) or "-"


class Addresses:
    """A mixin with columns that show an email address with a Unicode domain."""

    @admin.display(description="email", ordering="email")
    def displayed_email(self, row: Any) -> str:
        """Return the address in ``email``."""
        return displayed_address(row.email or "")

    @admin.display(description="recipient", ordering="recipient")
    def displayed_recipient(self, row: Any) -> str:
        """Return the address in ``recipient``."""
        return displayed_address(row.recipient)


class ReadOnlyAdmin(Permissions, Addresses, admin.ModelAdmin):
    """A read-only admin page."""

    list_per_page = 50
    show_full_result_count = False
    secret_fields: Sequence[str] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only actions add rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only actions delete rows."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return all fields of the page, because no field can be edited."""
        return [name for _, options in self.get_fieldsets(request, obj) for name in _flat(options["fields"])]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the declared fields or, if none are declared, all columns that are not secret."""
        columns = [f.name for f in self.opts.fields if f.name not in self.secret_fields]
        return self.fields or ["permission_list" if name == "permissions" else name for name in columns]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """Return the rows that the search finds. Find an address in any form, such as with a Unicode domain."""
        with suppress(ValidationError):
            search_term = normalize_address(search_term)
        return super().get_search_results(request, queryset, search_term)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the row without save buttons."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        hidden = dict.fromkeys(("show_save", "show_save_and_continue", "show_save_and_add_another"), False)
        context = {**hidden, "show_close": True}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})


class ReadOnlyInline(Permissions, Addresses, admin.TabularInline):
    """A read-only table of related rows, with links to their pages."""

    template = "admin/related_rows.html"
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the table is read-only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the table is read-only."""
        return False


def titled(title: Any) -> type[admin.FieldListFilter]:
    """Return Django's default filter for a column, with another title."""

    class Titled(admin.FieldListFilter):
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            chosen = admin.FieldListFilter.create(*args, **kwargs)
            chosen.title = title
            return chosen

    return Titled


def _flat(fields: Any) -> list[str]:
    names: list[str] = []
    for entry in fields:
        if isinstance(entry, str):
            names.append(entry)
        else:
            names.extend(entry)
    return names
