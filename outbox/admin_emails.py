"""The search of lists of emails in the admin. No condition reads every row."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from core.admin_search import Search


class EmailSearch(Search):
    """Search emails by the beginning of the recipient's address, and by the whole Message-ID."""

    search_fields = ("recipient", "message_id")
    searched_ids: tuple[str, ...] = ("pk",)
    searched_addresses = ("recipient",)
    search_help_text = gettext_lazy(
        "The recipient's email address or its beginning, a Message-ID, or the ID of an email"
    )

    def search_parts(self, request: HttpRequest, queryset: Any, text: str) -> tuple[Any, bool]:
        """Return the emails that each word finds."""
        for word in text.split():
            queryset = queryset.filter(Q(recipient__startswith=word.lower()) | Q(message_id__in=(word, f"<{word}>")))
        return queryset, False
