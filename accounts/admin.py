"""The admin of external identities.

Users are in ``orgs.admin``, because deleting a user also ends memberships.
"""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import ExternalIdentity, User
from core.admin import ReadOnlyAdmin
from core.admin_related import of_one


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ReadOnlyAdmin):
    """External identities of users at trusted issuers."""

    list_display = ("subject", "issuer", "user", "ignored_address", "ignored_reason", "created_at")
    list_filter = (of_one("user", User, _("user")), "issuer", "ignored_reason", "created_at")
    search_fields = ("=subject", "=ignored_address", "user__email", "user__last_name")
    searched_ids = ("pk", "user_id", "subject")
    list_select_related = ("user",)
