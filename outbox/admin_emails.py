"""What lists of emails in the admin have in common. No condition of the search reads every row."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.addresses import displayed_address
from core.admin import ReadOnlyAdmin, ReadOnlyInline
from core.admin_filters import by_query, by_state
from core.admin_related import NewestRowsInOrder
from core.admin_search import Search
from outbox.admin_states import EMAIL_STATES
from outbox.models import DeliveryQuerySet, EmailDelivery

if TYPE_CHECKING:
    from core.admin_display import States

QUEUE = by_query(
    "queue",
    _("queue"),
    due=(_("due now"), DeliveryQuerySet.due),
    later=(_("waiting for another attempt"), DeliveryQuerySet.deferred),
)


def columns_with(subject: str) -> tuple[str, ...]:
    """Return the columns of a list of emails. ``subject`` is the column that says what an email is about."""
    return ("displayed_recipient", subject, "state", "attempts", "due_at", "sent_at", "response", "reason")


def filters_with(subject: str, subjects: "States", *others: Any) -> tuple[Any, ...]:
    """Return the filters of a list of emails. ``subjects`` are the labels of the column ``subject``."""
    return (QUEUE, *others, by_state("state", EMAIL_STATES), by_state(subject, subjects), "created_at")


class EmailSearch(Search):
    """Search emails by the beginning of the recipient's address, and by the whole Message-ID."""

    search_fields = ("recipient", "message_id")
    searched_ids: tuple[str, ...] = ("pk",)
    searched_addresses = ("recipient",)
    search_help_text = _("The recipient's email address or its beginning, a Message-ID, or the ID of an email")

    def search_parts(self, request: HttpRequest, queryset: Any, text: str) -> tuple[Any, bool]:
        """Return the emails that each word finds."""
        for word in text.split():
            queryset = queryset.filter(Q(recipient__startswith=word.lower()) | Q(message_id__in=(word, f"<{word}>")))
        return queryset, False


class AttemptsInline(ReadOnlyInline):
    """The delivery attempts of an email, with the mail server's responses."""

    formset = NewestRowsInOrder
    verbose_name_plural = _("attempts")
    badges: ClassVar[Any] = {"state": EMAIL_STATES}
    fields = readonly_fields = ("created_at", "state", "response")


class EmailsAdmin(EmailSearch, ReadOnlyAdmin):
    """A list of emails. Subclasses have the columns and filters of ``columns_with`` and ``filters_with``."""

    secret_fields = ("lease_id",)

    def title_of(self, row: EmailDelivery) -> str:
        """Return whom the email is to."""
        return _("Email to %(address)s") % {"address": displayed_address(row.recipient)}
