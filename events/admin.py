"""The audit log in the admin."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnlyAdmin
from core.admin_related import RowFilter
from events.admin_names import ORGANIZATION, USER, changes_shown, facts_shown, name_events, shown
from events.models import Event

# Filters offer the values in this many newest events. A list of all values would read every event on each page.
RECENT = 5000


class EventsOfOrganization(RowFilter):
    """Show the events of one organization."""

    title = _("organization")
    parameter_name = "organization"
    model = apps.get_model("orgs", "Organization")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the events of the organization."""
        return queryset.filter(organization_id=self.value()) if self.value() else queryset


class EventsOfPerson(RowFilter):
    """Show what one person did, and what happened to their account."""

    title = _("person")
    parameter_name = "person"
    model = apps.get_model("accounts", "User")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the events by this person and about their account."""
        return queryset.concerning(self.value()) if self.value() else queryset


class EventsAboutObject(admin.SimpleListFilter):
    """Show the events about one object. The page of the object links to this list."""

    title = _("object")
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the ID in the parameter, if there is one. Raises IncorrectLookupParameters for another value."""
        value = request.GET.get(self.parameter_name)
        try:
            return [(value, str(UUID(value)))] if value else []
        except ValueError as error:
            raise IncorrectLookupParameters from error

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the events about the object."""
        return queryset.filter(subject_id=self.value()) if self.value() else queryset


def recent_values(name: str, shown_as: Any) -> type[admin.SimpleListFilter]:
    """Return a filter that offers the values that a column has in the newest events. URLs accept any value."""

    class RecentValues(admin.SimpleListFilter):
        title, parameter_name = shown_as, name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            newest = Event.objects.order_by("-id").values_list(name, flat=True)[:RECENT]
            chosen = request.GET.get(name)
            return [(value, value) for value in sorted({*newest, *([chosen] if chosen else [])})]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            return queryset.filter(**{name: self.value()}) if self.value() else queryset

    return RecentValues


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events are append-only, so this page has no buttons. Names are read from the rows that still exist."""

    list_display = ("created_at", "kind", "organization", "subject", "actor", "actor_method", "changed")
    list_filter = (
        EventsOfOrganization, EventsOfPerson, EventsAboutObject, recent_values("kind", _("kind")),
        recent_values("actor_method", _("method")), recent_values("subject_type", _("kind of object")), "created_at",
    )  # fmt: skip
    search_fields = ("=organization_id", "=subject_id", "=actor_id")
    search_help_text = "The full ID of an organization, user, invitation or other object"
    ordering = ("-id",)
    fields = (
        "created_at", "kind", "organization", "subject", "actor", "actor_method", "changed_lines", "details",
        "id", "organization_id", "subject_type", "subject_id", "actor_id", "actor_credential_id",
    )  # fmt: skip

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list with the linked names of its rows. Takes one query for each kind of object."""
        found = super().get_changelist_instance(request)
        name_events(found.result_list, request)
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the event with its linked names."""
        event = super().get_object(request, object_id, from_field)
        name_events([event] if event else [], request)
        return event

    @admin.display(description=_("organization"), ordering="organization_id")
    def organization(self, event: Any) -> str:
        """Return the linked name of the organization."""
        return shown(event, ORGANIZATION, event.organization_id)

    @admin.display(description=_("object"), ordering="subject_id")
    def subject(self, event: Any) -> str:
        """Return the linked name of the object that changed."""
        return shown(event, event.subject_type, event.subject_id)

    @admin.display(description=_("by"), ordering="actor_id")
    def actor(self, event: Any) -> str:
        """Return the linked name of the user who acted."""
        return shown(event, USER, event.actor_id)

    @admin.display(description=_("changed fields"))
    def changed(self, event: Any) -> str:
        """Return the fields that changed, with old and new values where the event has them."""
        return format_html_join(", ", "{}", ((change,) for change in changes_shown(event)))

    @admin.display(description=_("changed fields"))
    def changed_lines(self, event: Any) -> str:
        """Return the fields that changed, one on each line."""
        return format_html_join("", "<div>{}</div>", ((change,) for change in changes_shown(event)))

    @admin.display(description=_("details"))
    def details(self, event: Any) -> str:
        """Return the other data of the event, such as the reason of a failure. It has no names of people."""
        return format_html_join("", "<div>{}: {}</div>", facts_shown(event))
