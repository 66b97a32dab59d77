"""The event log in the admin: found by what happened, where, and to what."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from events.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Append-only: there is nothing to press."""

    list_display = (
        "created_at",
        "kind",
        "organization_id",
        "subject_type",
        "subject_id",
        "actor_id",
        "actor_method",
    )
    list_filter = ("kind", "actor_method", "subject_type", "created_at")
    search_fields = ("=organization_id", "=subject_id", "=actor_id")
    search_help_text = "The full ID of an organization, user, invitation or other object"
    ordering = ("-id",)
