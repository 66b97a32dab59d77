"""The audit log in the admin."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnlyAdmin
from core.admin_related import RowFilter
from events.models import Event

# By name, because this app imports no app of organizations and accounts.
USER, ORGANIZATION = "user", "organization"


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
        person = self.value()
        return queryset.filter(models.Q(actor_id=person) | models.Q(subject_id=person)) if person else queryset


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


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events are append-only, so this page has no buttons. Names are read from the rows that still exist."""

    list_display = ("created_at", "kind", "organization", "subject", "actor", "actor_method", "changed")
    list_filter = (
        EventsOfOrganization, EventsOfPerson, EventsAboutObject, "kind", "actor_method", "subject_type", "created_at",
    )  # fmt: skip
    search_fields = ("=organization_id", "=subject_id", "=actor_id")
    search_help_text = "The full ID of an organization, user, invitation or other object"
    ordering = ("-id",)
    fields = (
        "created_at", "kind", "organization", "subject", "actor", "actor_method", "details", "id", "organization_id",
        "subject_type", "subject_id", "actor_id", "actor_credential_id",
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
    def changed(self, event: Event) -> str:
        """Return the names of the fields that changed, if the event has them. The page of the event has all data."""
        return data_as_text(event.data.get("changed", []))

    @admin.display(description=_("details"))
    def details(self, event: Event) -> str:
        """Return the data of the event, such as the names of the changed fields. It has no names of people."""
        return format_html_join(
            "", "<div>{}: {}</div>", ((key, data_as_text(value)) for key, value in event.data.items())
        )


def name_events(events: Iterable[Any], request: HttpRequest) -> None:
    """Set ``event.names`` to the rows that the events refer to, except rows that this staff member may not see."""
    wanted: dict[str, set[UUID]] = {}
    for event in events:
        mentioned = {ORGANIZATION: event.organization_id, USER: event.actor_id}
        for kind, key in (*mentioned.items(), (event.subject_type, event.subject_id)):
            wanted.setdefault(kind, set()).add(key)
    names = {kind: rows_by_key(kind, keys - {None}, request) for kind, keys in wanted.items()}
    for event in events:
        event.names = names


def rows_by_key(kind: str, keys: set[UUID], request: HttpRequest) -> Mapping[Any, models.Model]:
    """Return the rows with these keys, if this kind has an admin page and the staff member may see it."""
    page = next((page for model, page in admin.site._registry.items() if model._meta.model_name == kind), None)
    if page is None or not keys or not page.has_view_permission(request):
        return {}
    found: Mapping[Any, models.Model] = page.get_queryset(request).in_bulk(keys)
    return found


def shown(event: Any, kind: str, key: UUID | None) -> str:
    """Return the name of a row as a link to its page. If the row is gone, return its ID."""
    row = event.names[kind].get(key)
    if row is None:
        return str(key or "–")
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{row._meta.app_label}_{kind}_change", args=[key]), row)


def data_as_text(value: Any) -> str:
    """Return a value of event data on one line."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
