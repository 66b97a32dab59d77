"""Identities in the admin; the accounts themselves are in ``orgs.admin``, as they end together with memberships."""

from django.contrib import admin

from accounts.models import ExternalIdentity
from core.admin import ReadOnlyAdmin


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ReadOnlyAdmin):
    """Who a trusted issuer says a user is."""

    list_display = ("subject", "issuer", "user", "created_at")
    list_filter = ("issuer", "created_at")
    search_fields = ("=subject", "user__email", "user__last_name")
    list_select_related = ("user",)
