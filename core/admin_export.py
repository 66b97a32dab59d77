"""Every list of the admin as a CSV file: the rows that its search and filters find, with the columns of the list."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from core.csv_export import ROWS_IN_CHUNK, ExportedRow, csv_response

PATH = "export.csv"
BETWEEN_BLOCKS = re.compile(r"(</(?:div|li|p)>)\s*(?=<\w)")


class Export(admin.ModelAdmin):
    """The file of a list. It is below the list, and takes its parameters."""

    def get_urls(self) -> list[URLPattern]:
        """Return the pattern of the file, followed by those of the pages."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path(PATH, self.admin_site.admin_view(self.export), name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with a link to the file."""
        query = request.GET.urlencode()
        context = {"export_address": f"{PATH}?{query}" if query else PATH, **(extra_context or {})}
        return super().changelist_view(request, context)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send the rows in chunks, those with the newest ids first. Incorrect parameters lead back to the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"./?{ERROR_FLAG}=1")
        columns = self.get_list_display(request)
        header = [str(label_for_field(name, self.model, self)) for name in columns]
        return csv_response(f"{self.opts.model_name}.csv", header, self._exported_rows(request, found, columns))

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Load what the columns show in addition to the rows. By default, nothing."""

    def _exported_rows(
        self, request: HttpRequest, found: QuerySet[Any], columns: Sequence[Any]
    ) -> Iterator[ExportedRow]:
        for rows in chunks_of(found):
            self.prepare_rows(request, rows)
            for row in rows:
                yield [exported_value(self, name, row) for name in columns]


def chunks_of(found: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield the rows in chunks, in the descending order of their keys. Each chunk is a statement of its own."""
    ordered = found.order_by("-pk")
    rows = list(ordered[:ROWS_IN_CHUNK])
    while rows:
        yield rows
        rows = list(ordered.filter(pk__lt=rows[-1].pk)[:ROWS_IN_CHUNK]) if len(rows) == ROWS_IN_CHUNK else []


def exported_value(page: admin.ModelAdmin, column: Any, row: Any) -> Any:
    """Return what a column of a list shows, as a value and without HTML."""
    exported = getattr(column, "exported", None)
    value = exported(row) if exported else lookup_field(column, row, page)[2]
    return text_in_html(value) if isinstance(value, SafeString) else value


def text_in_html(shown: str) -> str:
    """Return the text of HTML. Blocks are separated by commas."""
    return html.unescape(strip_tags(BETWEEN_BLOCKS.sub(r"\1, ", shown))).strip()
