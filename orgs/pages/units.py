"""The pages of workspaces and applications: list, create, see who has a role there, change, delete."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import PlainTextFormField
from core.page_lists import page_of
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.actions.units import create_unit, delete_unit, update_unit
from orgs.lookups import UnitNotFound
from orgs.models import Unit
from orgs.pages.choices import KIND_LABELS
from orgs.pages.fields import SlugFormField, WebAddressFormField
from orgs.pages.organization_page import ConfirmPage, FormPage, OrganizationPage
from orgs.permissions import ADMIN, CREATE_PROJECTS, MANAGE_MEMBERS, UNIT_ADMIN, UNIT_MANAGE_MEMBERS
from orgs.querysets import collaborators_in, one, units_of

VIEW = "organization-units"


class UnitForm(forms.Form):
    """What an existing workspace or application can change."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=Unit._meta.get_field("name").max_length,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
    )
    slug = SlugFormField()
    picture_url = WebAddressFormField(label=gettext_lazy("Address of a picture (optional)"))


class NewUnitForm(forms.Form):
    """What a new workspace or application needs."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=list(KIND_LABELS.items()),
        initial=Unit.Kind.WORKSPACE,
        widget=forms.RadioSelect,
    )
    name = UnitForm.base_fields["name"]


class UnitsPage(OrganizationPage):
    """The workspaces and applications that the reader may see, by name."""

    view = VIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the list."""
        units = units_of(self.by, self.organization).order_by("name", "id")
        may_create = self.permissions.permits(CREATE_PROJECTS)
        return self.show("organizations/units.html", page=page_of(request, units), may_create=may_create)


class NewUnitPage(FormPage):
    """Create a workspace or an application."""

    view = VIEW

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        return NewUnitForm(data)

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Create a workspace or an application"),
            "intro": _("Members and invitees can have a role in it, in addition to their role in the organization."),
            "button": _("Create"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Create it, and lead to its page."""
        unit = create_unit(by=self.by, organization_id=self.organization.pk, **given)
        messages.success(self.request, _("%(name)s has been created.") % {"name": unit.name})
        return redirect(self.address_of("organization-unit", unit_id=unit.pk))


class OfUnit(OrganizationPage):
    """A page about one workspace or application that the reader may see."""

    view = VIEW
    unit: Unit

    def find(self, **kwargs: Any) -> None:
        """Find the row. Raises UnitNotFound."""
        self.unit = one(units_of(self.by, self.organization), kwargs["unit_id"], UnitNotFound)

    def address_of_unit(self) -> str:
        """Return the path of its page."""
        return self.address_of("organization-unit", unit_id=self.unit.pk)


class UnitPage(OfUnit):
    """Its people and their roles, and what the reader can do with it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the page."""
        people = collaborators_in(self.unit).order_by("created_at", "id")
        return self.show(
            "organizations/unit.html",
            unit=self.unit,
            page=page_of(request, people),
            may_change=self.permissions.permits(UNIT_ADMIN, self.unit.pk),
            may_delete=self.permissions.permits(ADMIN),
            may_manage=self._manages_people(),
        )

    def _manages_people(self) -> bool:
        held = self.permissions
        return held.permits(MANAGE_MEMBERS) or held.permits(UNIT_MANAGE_MEMBERS, self.unit.pk)


class ChangeUnitPage(OfUnit, FormPage):
    """Change the name, the name in URLs and the picture."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        return UnitForm(data, initial={name: getattr(self.unit, name) for name in UnitForm.base_fields})

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        title = _("Change %(name)s") % {"name": self.unit.name}
        return {"title": title, "button": _("Save"), "back_address": self.address_of_unit()}

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        update_unit(by=self.by, organization_id=self.organization.pk, unit_id=self.unit.pk, **given)
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(self.address_of_unit())


class DeleteUnitPage(OfUnit, ConfirmPage):
    """Ask, then delete it."""

    def press(self) -> str:
        """Delete it."""
        delete_unit(by=self.by, organization_id=self.organization.pk, unit_id=self.unit.pk)
        return _("%(name)s has been deleted.") % {"name": self.unit.name}

    def get_question(self) -> str:
        """Return the question."""
        return _("Delete %(name)s?") % {"name": self.unit.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [
            _("The roles that members have in it end. They stay members of the organization."),
            _("This can't be undone."),
        ]

    def get_button(self) -> str:
        """Return the label."""
        return _("Delete")

    def get_back_address(self) -> str:
        """Return the page of the workspace or application."""
        return self.address_of_unit()

    def get_next_address(self) -> str:
        """Return the list, because the page no longer exists."""
        return self.address_of(VIEW)
