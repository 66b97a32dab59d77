"""The page *People* of an organization: its members and invitations."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.principals import Principal
from core.page_lists import PAGE_PARAMETER, ListPage, page_of
from core.word_search import is_too_long
from invitations.actions.granting import check_vouched
from invitations.bulk.many_actions import MANY_ACTIONS, ManyAction
from invitations.models import Invitation
from invitations.pages.organization.people_rows import (
    ENDED,
    EVERYONE,
    MEMBERS,
    People,
    PeopleFilter,
    inviters_of,
)
from invitations.pages.organization.sent_invitation import possible_now
from orgs.models import Membership, Organization, Role, Unit
from orgs.pages.choices import RoleChoiceField, UnitChoice
from orgs.pages.navigation import manages_all_members, manages_members
from orgs.pages.organization_page import OrganizationPage
from orgs.policies import EffectivePermissions
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
    (ENDED, _("Declined, withdrawn and expired invitations")),
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

    def offer(self, by: Principal, organization: Organization, permissions: EffectivePermissions) -> QuerySet[Unit]:
        """Set the choices that this reader has, and return the units. Leave out fields without a choice."""
        units = units_of(by, organization).order_by("name", "id")
        self.fields["role"].queryset = roles_of(organization).order_by("name", "id")  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        if not manages_members(permissions):
            del self.fields["shown"]
        return units

    def clean_search(self) -> str:
        """Return the text. Raises ValidationError for too many words, because each adds conditions to the query."""
        text: str = self.cleaned_data["search"]
        if is_too_long(text):
            raise forms.ValidationError(_("Search for fewer words."))
        return text

    @property
    def wanted(self) -> PeopleFilter:
        """What a valid form searches for."""
        given = self.cleaned_data
        return PeopleFilter(given["search"], given.get("shown", EVERYONE), given["role"], given["unit"])


class PeoplePage(OrganizationPage):
    """Members and invitations in one list, with a search and filters."""

    view = "organization-people"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the list. A filter that is not valid returns 400."""
        form = PeopleFilterForm(request.GET)
        units = form.offer(self.by, self.organization, self.permissions)
        may_manage = manages_members(self.permissions)
        context: dict[str, Any] = {"form": form, "has_units": bool(len(units)), "may_manage": may_manage}
        context["may_export_members"] = manages_all_members(self.permissions)
        if not form.is_valid():
            return self.show(TEMPLATE, 400, page=ListPage([], 1, has_next=False), **context)
        people = People(self.by, self.organization, self.permissions, form.wanted)
        page = page_of(request, people.rows())
        check_vouched(self.organization, [row for row in page.rows if isinstance(row, Invitation) and row.is_open])
        joined_by = self._inviters(page) if may_manage else {}
        for row in page.rows:
            if isinstance(row, Membership):
                row.accepted_invitation = joined_by.get(row.user_id)  # type: ignore[attr-defined]
        narrowed = any(value for name, value in form.cleaned_data.items() if name != "search")
        return self.show(
            TEMPLATE,
            page=page,
            is_large=people.is_large,
            ended=people.count_ended(),
            ended_query=self._query_of_ended(),
            is_filtered=any(form.cleaned_data.values()),
            is_narrowed=narrowed,
            buttons=self._buttons(page),
            filters=[(name, request.GET[name]) for name in form.fields if request.GET.get(name)],
            **context,
        )

    def _query_of_ended(self) -> str:
        """Return the query of this search among the invitations that have ended."""
        query = self.request.GET.copy()
        query.pop(PAGE_PARAMETER, None)
        query["shown"] = ENDED
        return query.urlencode()

    def _buttons(self, page: ListPage) -> list[tuple[ManyAction, str]]:
        """Return the buttons for selected invitations, and their addresses. Mark the rows that can be selected."""
        offered: set[str] = set()
        for row in page.rows:
            if isinstance(row, Invitation):
                possible = possible_now(row)
                names = {action.possible for action in MANY_ACTIONS.values() if possible[action.possible]}
                row.can_be_selected = bool(names)  # type: ignore[attr-defined]
                offered |= names
        shown = [(action, name) for name, action in MANY_ACTIONS.items() if action.possible in offered]
        return [(action, self.address_of(f"organization-{name}-many")) for action, name in shown]

    def _inviters(self, page: ListPage) -> dict[Any, Invitation]:
        members = [row for row in page.rows if isinstance(row, Membership)]
        return inviters_of(members, self.by, self.organization)
