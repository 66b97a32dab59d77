"""The page *People* of an organization: its members and invitations."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.page_lists import ListPage, page_of
from core.word_search import is_too_long
from invitations.models import Invitation
from invitations.pages.organization.people_rows import (
    EVERYONE,
    MEMBERS,
    People,
    PeopleFilter,
    inviters_of,
)
from orgs.models import Membership, Role, Unit
from orgs.pages.choices import RoleChoiceField, UnitChoice
from orgs.pages.navigation import manages_all_members, manages_members
from orgs.pages.organization_page import OrganizationPage
from orgs.querysets import roles_of, units_of

TEMPLATE = "organizations/people.html"
SHOWN = [
    (EVERYONE, _("Members and open invitations")),
    (MEMBERS, _("Members")),
    ("open", _("Open invitations")),
    ("waiting", _("Waiting for a seat")),
    ("undeliverable", _("Undeliverable invitations")),
    ("expired", _("Expired invitations")),
    ("accepted", _("Accepted invitations")),
    ("declined", _("Declined invitations")),
    ("withdrawn", _("Withdrawn invitations")),
]


class PeopleFilterForm(forms.Form):
    """The search and the filters above the list."""

    search = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=256,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    shown = forms.ChoiceField(label=_("Show"), required=False, choices=SHOWN)
    role = RoleChoiceField(Role.objects.none(), label=_("Role"), required=False, empty_label=_("All roles"))
    unit = UnitChoice(
        Unit.objects.none(), label=_("Workspace or application"), required=False, empty_label=_("All of them")
    )

    def offer(self, roles: Any, units: Any, *, may_see_invitations: bool) -> None:
        """Set the choices. Leave out fields without a choice."""
        self.fields["role"].queryset = roles  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        if not may_see_invitations:
            del self.fields["shown"]

    def clean_search(self) -> str:
        """Return the text. Raises ValidationError for too many words, because each adds conditions to the query."""
        text: str = self.cleaned_data["search"]
        if is_too_long(text):
            raise forms.ValidationError(_("Search for fewer words."))
        return text


class PeoplePage(OrganizationPage):
    """Members and invitations in one list, with a search and filters."""

    view = "organization-people"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the list. A filter that is not valid returns 400."""
        form = PeopleFilterForm(request.GET)
        units = units_of(self.by, self.organization).order_by("name", "id")
        may_manage = manages_members(self.permissions)
        form.offer(roles_of(self.organization).order_by("name", "id"), units, may_see_invitations=may_manage)
        context: dict[str, Any] = {"form": form, "has_units": bool(len(units)), "may_manage": may_manage}
        context["may_export_members"] = manages_all_members(self.permissions)
        if not form.is_valid():
            return self.show(TEMPLATE, 400, page=ListPage([], 1, has_next=False), **context)
        given = form.cleaned_data
        wanted = PeopleFilter(given["search"], given.get("shown", EVERYONE), given["role"], given["unit"])
        people = People(self.by, self.organization, self.permissions, wanted)
        page = page_of(request, people.rows())
        joined_by = self._inviters(page) if may_manage else {}
        for row in page.rows:
            if isinstance(row, Membership):
                row.accepted_invitation = joined_by.get(row.user_id)  # type: ignore[attr-defined]
        narrowed = any(value for name, value in given.items() if name != "search")
        return self.show(
            TEMPLATE,
            page=page,
            is_large=people.is_large,
            is_filtered=any(given.values()),
            is_narrowed=narrowed,
            **context,
        )

    def _inviters(self, page: ListPage) -> dict[Any, Invitation]:
        members = [row for row in page.rows if isinstance(row, Membership)]
        return inviters_of(members, self.by, self.organization)
