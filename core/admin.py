"""The read-only base class of all admin pages. Only actions change rows (``accounts/admin_buttons.py``)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.addresses import displayed_address
from core.admin_display import Displays, labels_of
from core.admin_export import Export
from core.admin_filters import CreationFilter
from core.admin_labels import LABELS
from core.admin_links import without_forbidden_links
from core.admin_long_lists import LongChangeList, LongListPaginator
from core.admin_related import NewestRows
from core.admin_search import Search


class Permissions:
    """A mixin with the column ``permission_list``, for models that have ``permissions``."""

    @admin.display(description=_("permissions"))
    def permission_list(self, row: Any) -> str:
        """Return the sorted permissions, one per line."""
        return format_html_join("", "<div>{}</div>", ((name,) for name in sorted(row.permissions or ()))) or "-"


class Addresses:
    """A mixin with columns that show an email address with a Unicode domain."""

    @admin.display(description=_("email address"), ordering="email")
    def displayed_email(self, row: Any) -> str:
        """Return the address in ``email``."""
        return displayed_address(row.email or "")

    @admin.display(description=_("recipient"), ordering="recipient")
    def displayed_recipient(self, row: Any) -> str:
        """Return the address in ``recipient``."""
        return displayed_address(row.recipient)


class ReadOnlyAdmin(Permissions, Addresses, Displays, Search, Export):
    """A read-only admin page. Lists accept the parameters of their declared filters and no other lookups."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the rows of every choice of every filter
    paginator = LongListPaginator
    secret_fields: Sequence[str] = ()
    audited_as = "subject"  # the parameter of the audit log that finds the events of a row

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the audit log. Django's history has only changes by Django's forms, which no page here has."""
        log = reverse("admin:events_event_changelist")
        return HttpResponseRedirect(f"{log}?{urlencode({self.audited_as: unquote(object_id)})}")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Return whether a filter of the list declares this parameter.

        Django allows every lookup of a column, so `?password__startswith=` would show columns letter by letter.
        """
        return request is not None and lookup in self._filter_parameters(request)

    def _filter_parameters(self, request: HttpRequest) -> Iterator[str | None]:
        for declared in self.get_list_filter(request):
            if isinstance(declared, type) and issubclass(declared, admin.SimpleListFilter):
                yield declared.parameter_name
                continue
            named, kind = declared if isinstance(declared, tuple) else (declared, admin.FieldListFilter.create)
            path = str(named)
            field = get_fields_from_path(self.model, path)[-1]
            yield from kind(field, request, {}, self.model, self, field_path=path).expected_parameters()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return LongChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list. Django redirects incorrect parameters to the unfiltered list.

        Raises DisallowedModelAdminLookup (400) if that redirect is repeated with incorrect parameters.
        """
        try:
            return super().get_changelist_instance(request)
        except (IncorrectLookupParameters, ValueError, OverflowError, TypeError) as error:
            # The last three: values that the database cannot compare, such as a date before the year 1.
            if ERROR_FLAG in request.GET:
                raise DisallowedModelAdminLookup("The parameters of this list are incorrect.") from error
            raise IncorrectLookupParameters from error

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row, which a page with buttons asks for four times. It is loaded once for each request.

        Django fails if the parameter `_to_field` is empty.
        """
        loaded: dict[Any, Any] = vars(request).setdefault("rows_of_admin", {})
        key = (self.opts.label, object_id, from_field or None)
        if key not in loaded:
            loaded[key] = super().get_object(request, object_id, from_field or None)
        return loaded[key]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only actions add rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only actions delete rows."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return all fields of the page, because no field can be edited."""
        return [name for _, options in self.get_fieldsets(request, obj) for name in _flat(options["fields"])]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields as they are shown, without links to pages that the staff member may not see."""
        shown = self.shown_on_pages(self.get_fields(request, obj))
        return [(None, {"fields": without_forbidden_links(self.admin_site, self.model, request, shown)})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return a form whose fields have plain names."""
        return super().get_form(request, obj, change, **{**kwargs, "labels": labels_of(self.model)})

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns as they are shown."""
        return self.shown_in_lists(super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Return the filters, those of columns with the plain names of the columns."""
        return [self._filter_of(declared) for declared in super().get_list_filter(request)]

    def _filter_of(self, declared: Any) -> Any:
        if not isinstance(declared, str):
            return declared
        kind = CreationFilter if declared == "created_at" else admin.FieldListFilter.create
        return declared, titled(LABELS.get(declared, declared), kind)

    def title_of(self, row: Any) -> str:
        """Return the title of the page of this row."""
        return f"{capfirst(self.opts.verbose_name)}: {row}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with the plural of the model as its title."""
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the declared fields or, if none are declared, all columns that are not secret."""
        columns = [f.name for f in self.opts.fields if f.name not in self.secret_fields]
        return self.fields or ["permission_list" if name == "permissions" else name for name in columns]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the row without save buttons."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        hidden = dict.fromkeys(("show_save", "show_save_and_continue", "show_save_and_add_another"), False)
        row = self.get_object(request, object_id)
        context = {**hidden, "show_close": True, "title": self.title_of(row) if row else "", "subtitle": None}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})


class ReadOnlyInline(Permissions, Addresses, Displays, admin.TabularInline):
    """A read-only table of the newest related rows, with links to their pages and to the list of all rows."""

    formset = NewestRows
    template = "admin/related_rows.html"
    extra = 0
    can_delete = False
    show_change_link = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the columns as they are shown, without links to pages that the staff member may not see."""
        return without_forbidden_links(self.admin_site, self.model, request, self.shown_on_pages(self.fields or ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return all columns, because no column can be edited."""
        return self.get_fields(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return a formset whose columns have plain names."""
        return super().get_formset(request, obj, **{**kwargs, "labels": labels_of(self.model)})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the table is read-only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the table is read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the table is read-only. Otherwise staff who may only delete would see it."""
        return False


def titled(title: Any, kind: Callable[..., Any] = admin.FieldListFilter.create) -> type[admin.FieldListFilter]:
    """Return a filter for a column, by default Django's, with another title."""

    class Titled(admin.FieldListFilter):
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            chosen = kind(*args, **kwargs)
            chosen.title = title
            return chosen

    return Titled


def _flat(fields: Any) -> list[Any]:
    names: list[Any] = []
    for entry in fields:
        if isinstance(entry, str) or callable(entry):
            names.append(entry)
        else:
            names.extend(entry)
    return names
