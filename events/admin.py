"""The audit log in the admin."""

from collections.abc import Sequence
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
from core.literals import literal
from core.request_context import is_request_id
from events.admin_names import ORGANIZATION, USER, changes_shown, facts_shown, name_events, shown
from events.kinds import KINDS, METHODS, SUBJECTS
from events.models import Event


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


def by_value(column: str, title: Any, values: Sequence[str]) -> type[admin.SimpleListFilter]:
    """Return a filter that offers these values of a column. URLs accept any value."""

    class ByValue(admin.SimpleListFilter):
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            chosen = request.GET.get(column)
            return [(value, value) for value in sorted({*values, *([chosen] if chosen else [])})]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            value = self.value()
            return queryset.filter(**{column: literal(value) if value in values else value}) if value else queryset

    return type("ByValue", (ByValue,), {"title": title})


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events are append-only, so this page has no buttons. Names are read from the rows that still exist."""

    list_display = ("created_at", "kind", "organization", "subject", "actor", "actor_method", "changed")
    list_filter = (
        EventsOfOrganization, EventsOfPerson, EventsAboutObject, by_value("kind", _("kind"), KINDS),
        by_value("actor_method", _("method"), METHODS), by_value("subject_type", _("kind of object"), SUBJECTS),
        "created_at",
    )  # fmt: skip
    search_fields = searched_ids = ("pk", "organization_id", "subject_id", "actor_id")
    search_help_text = "The full ID of an organization, user, invitation, other object or request"
    ordering = ("-id",)
    fields = (
        "created_at", "kind", "organization", "subject", "actor", "actor_method", "changed_lines", "details",
        "id", "organization_id", "number", "subject_type", "subject_id", "actor_id", "actor_credential_id",
        "request_id",
    )  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Return the events of the request with this ID. If there are none, search for an object."""
        text = search_term.strip()
        if is_request_id(text) and (of_request := queryset.of_request(text)).exists():
            return of_request, False
        return super().get_search_results(request, queryset, search_term)

    def search_parts(self, request: HttpRequest, queryset: Any, text: str) -> tuple[Any, bool]:
        """Return no events: they contain no texts."""
        return queryset.none(), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list with the linked names of its rows. Takes one query for each kind of object."""
        found = super().get_changelist_instance(request)
        self.prepare_rows(request, found.result_list)
        return found

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Read the names that these events show."""
        name_events(rows, request)

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
