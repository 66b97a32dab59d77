"""The admin of external identities and of the emails about accounts.

Users are in ``orgs.admin``, because deleting a user also ends memberships.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.email.models import AccountEmail, AccountEmailAttempt
from accounts.models import ExternalIdentity, User
from core.admin import ReadOnlyAdmin
from core.admin_display import QUIET
from core.admin_related import of_one
from outbox.admin_emails import AttemptsInline, EmailsAdmin, columns_with, filters_with
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


class AccountEmailAttemptInline(AttemptsInline):
    """The delivery attempts of an email about an account."""

    model = AccountEmailAttempt


@admin.register(AccountEmail)
class AccountEmailAdmin(EmailsAdmin):
    """The emails about accounts that are kept."""

    badges: ClassVar[Any] = {"state": EMAIL_STATES, "purpose": PURPOSES}
    list_display = columns_with("purpose")
    list_filter = filters_with("purpose", PURPOSES)
    inlines = (AccountEmailAttemptInline,)
