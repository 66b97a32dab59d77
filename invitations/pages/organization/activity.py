"""The page *Activity* of an organization: its audit log in words, and the same as a CSV file."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import AddressInputField
from core.csv_export import csv_response
from core.ids import parse_uuid
from invitations.pages.organization.activity_rows import Activity, ActivityFilter, ActivityPage
from invitations.pages.organization.event_names import EventNames
from invitations.pages.organization.event_words import GROUP_CHOICES, words_of
from orgs.pages.organization_page import OrganizationPage

TEMPLATE = "organizations/activity.html"
BEFORE = "before"
FIRST_DAY, LAST_DAY = date(1971, 1, 1), date(9998, 12, 31)


def possible_day(day: date) -> None:
    """Raise ValidationError for a day that no id can have."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise forms.ValidationError(forms.DateField.default_error_messages["invalid"])


class DayField(forms.DateField):
    """An optional day, as browsers send it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, validators=[possible_day], **options)


class ActivityFilterForm(forms.Form):
    """The filters above the list."""

    group = forms.ChoiceField(label=gettext_lazy("Show"), required=False, choices=GROUP_CHOICES)
    person = AddressInputField(label=gettext_lazy("Email of a person"), required=False)
    since = DayField(label=gettext_lazy("From"))
    until = DayField(label=gettext_lazy("To"))

    @property
    def wanted(self) -> ActivityFilter:
        """The filter. ``until`` includes the whole day."""
        given = self.cleaned_data
        since, until = given["since"], given["until"]
        return ActivityFilter(
            given["group"],
            given["person"],
            start_of(since) if since else None,
            start_of(until) + timedelta(days=1) if until else None,
        )


def start_of(day: Any) -> datetime:
    """Return the start of a day in the time zone of the service."""
    return timezone.make_aware(datetime.combine(day, time.min))


class ActivityBase(OrganizationPage):
    """Reads the filter from the query. The page and the file take the same parameters."""

    view = "organization-activity"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Show the events. A filter that is not valid returns 400."""
        form = ActivityFilterForm(request.GET)
        if not form.is_valid():
            Activity(self.by, self.organization, ActivityFilter())  # who may not see the page gets no form either
            return self.show(TEMPLATE, 400, form=form, activity=ActivityPage([], None))
        return self.respond(form, Activity(self.by, self.organization, form.wanted))

    def respond(self, form: ActivityFilterForm, activity: Activity) -> HttpResponseBase:
        """Return the response."""
        raise NotImplementedError

    def query_without_position(self) -> str:
        """Return the query of the request without the position in the list."""
        query = self.request.GET.copy()
        query.pop(BEFORE, None)
        return query.urlencode()


class ActivityListPage(ActivityBase):
    """The page with the list."""

    def respond(self, form: ActivityFilterForm, activity: Activity) -> HttpResponse:
        """Show one page of the list."""
        before = parse_uuid(self.request.GET.get(BEFORE, ""))
        page = activity.page(before)
        names = EventNames(self.by, self.organization, page.events)
        rows = [
            (event, words_of(event.kind), names.subject_of(event), names.actor_of(event), names.details_of(event))
            for event in page.events
        ]
        query = self.query_without_position()
        older = f"?{query}&{BEFORE}={page.next_before}" if query else f"?{BEFORE}={page.next_before}"
        return self.show(
            TEMPLATE,
            form=form,
            activity=page,
            rows=rows,
            older_address=older if page.next_before else "",
            newest_address=f"?{query}" if before else "",
            file_address=f"{self.address_of('organization-activity-file')}{'?' + query if query else ''}",
            is_filtered=any(form.cleaned_data.values()),
        )


class ActivityFile(ActivityBase):
    """The same as a CSV file, with all events that match the filter."""

    def respond(self, form: ActivityFilterForm, activity: Activity) -> HttpResponseBase:
        """Send the file in chunks."""
        header = (_("Time"), _("Event"), _("About"), _("By"), _("Details"), _("Kind"), _("Event ID"))
        return csv_response(f"{self.organization.slug}-activity.csv", header, self.lines(activity))

    def lines(self, activity: Activity) -> Iterator[list[Any]]:
        """Yield a line for each event."""
        for events in activity.chunks():
            names = EventNames(self.by, self.organization, events)
            for event in events:
                yield [
                    event.created_at,
                    words_of(event.kind),
                    names.subject_of(event),
                    names.actor_of(event),
                    "; ".join(names.details_of(event)),
                    event.kind,
                    event.pk,
                ]
