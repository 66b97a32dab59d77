"""How lists of the admin are searched: for an ID, else for a whole address, else for parts of texts."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from core.addresses import normalize_address
from core.ids import parse_uuid
from core.word_search import is_too_long


class Search(admin.ModelAdmin):
    """The search of a list. ``searched_ids`` and ``searched_addresses`` are columns that are compared as a whole."""

    searched_ids: Sequence[str] = ("pk",)
    searched_addresses: Sequence[str] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that the search finds. Find an address in any form, such as with a Unicode domain.

        Each word adds conditions, and databases limit their number. Longer searches show the unfiltered list.
        """
        if is_too_long(search_term):
            messages.error(request, "Search for fewer words.")
            raise IncorrectLookupParameters
        key = parse_uuid(search_term.strip())
        if key:
            return queryset.filter(_in_any(self.searched_ids, key)), False
        with suppress(ValidationError):
            search_term = normalize_address(search_term)
            found = queryset.filter(_in_any(self.searched_addresses, search_term))
            if self.searched_addresses and found.exists():
                return found, False
        return self.search_parts(request, queryset, search_term) if search_term.strip() else (queryset, False)

    def search_parts(self, request: HttpRequest, queryset: QuerySet[Any], text: str) -> tuple[QuerySet[Any], bool]:
        """Return the rows that contain each word in one of ``search_fields``, and whether there may be duplicates."""
        return super().get_search_results(request, queryset, text)


def _in_any(columns: Sequence[str], value: Any) -> Q:
    found = Q()
    for column in columns:
        found |= Q(**{column: value})
    return found
