"""The admin of external identities and of the emails about accounts.

Users are in ``orgs.admin``, because deleting a user also ends memberships.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.email.models import AccountEmail, AccountEmailAttempt, AccountEmailQuerySet
from accounts.models import ExternalIdentity, User
from core.addresses import displayed_address
from core.admin import ReadOnlyAdmin, ReadOnlyInline
from core.admin_display import QUIET
from core.admin_filters import by_query, by_state
from core.admin_related import NewestRowsInOrder, of_one
from outbox.admin_search import EmailSearch
from outbox.admin_states import EMAIL_STATES

PURPOSES = {purpose.value: (purpose.label, QUIET) for purpose in AccountEmail.Purpose}


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ReadOnlyAdmin):
    """External identities of users at trusted issuers."""

    list_display = ("subject", "issuer", "user", "ignored_address", "ignored_reason", "created_at")
    list_filter = (of_one("user", User, _("user")), "issuer", "ignored_reason", "created_at")
    search_fields = ("=subject", "=ignored_address", "user__email", "user__last_name")
    searched_ids = ("pk", "user_id", "subject")
    list_select_related = ("user",)


class AccountEmailAttemptInline(ReadOnlyInline):
    """The delivery attempts of an email, with the mail server's responses."""

    model = AccountEmailAttempt
    formset = NewestRowsInOrder
    verbose_name_plural = _("attempts")
    badges: ClassVar[Any] = {"state": EMAIL_STATES}
    fields = readonly_fields = ("created_at", "state", "response")


@admin.register(AccountEmail)
class AccountEmailAdmin(EmailSearch, ReadOnlyAdmin):
    """The emails about accounts of the last 30 days."""

    badges: ClassVar[Any] = {"state": EMAIL_STATES, "purpose": PURPOSES}
    list_display = ("displayed_recipient", "purpose", "state", "attempts", "due_at", "sent_at", "response", "reason")
    list_filter = (
        by_query("queue", _("queue"), due=(_("due now"), AccountEmailQuerySet.due),
                 later=(_("waiting for another attempt"), AccountEmailQuerySet.deferred)),
        by_state("state", EMAIL_STATES), by_state("purpose", PURPOSES), "created_at",
    )  # fmt: skip
    secret_fields = ("lease_id",)
    inlines = (AccountEmailAttemptInline,)

    def title_of(self, row: AccountEmail) -> str:
        """Return whom the email is to."""
        return _("Email to %(address)s") % {"address": displayed_address(row.recipient)}
