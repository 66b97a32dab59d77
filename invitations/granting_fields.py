"""Form fields for what invitations offer: a role in the organization, roles in workspaces and applications, texts."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import LinesFormField
from accounts.principals import Principal
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, MAX_LIFETIME_DAYS
from invitations.actions.inviting_together import MAX_UNITS
from invitations.models import Invitation
from orgs.models import Organization, Role, Unit
from orgs.pages.choices import RoleOfLevel, UnitChoice
from orgs.pages.members import offer_roles
from orgs.permissions import MANAGE_MEMBERS, UNASSIGNED_ROLE, UNIT_MANAGE_MEMBERS, Level
from orgs.policies import EffectivePermissions
from orgs.querysets import units_of

ADD_UNIT = "add_unit"  # the button that adds a row
UnitAndRole = tuple[Unit, Role]


class GrantForm(forms.Form):
    """A role in the organization, and rows of workspaces or applications with a role in each.

    The fields of the first row are ``unit_id`` and ``unit_role_id``. Those of the others have a number: ``unit_id_2``.
    If the data come from the button ADD_UNIT, the form has one more row, keeps what was entered, and is not bound. The
    cleaned data have the rows in ``units``, as pairs of a unit and a role.
    """

    role_id = RoleOfLevel(Role.objects.none(), label=gettext_lazy("Role"), empty_label=None)
    unit_id = UnitChoice(
        Unit.objects.none(),
        label=gettext_lazy("Workspace or application"),
        required=False,
        empty_label=gettext_lazy("None"),
    )
    unit_role_id = RoleOfLevel(
        Role.objects.none(), label=gettext_lazy("Role there"), required=False, empty_label=gettext_lazy("None")
    )

    def __init__(self, data: QueryDict | None = None, files: Any = None, initial: Any = None) -> None:
        self.adds_unit = data is not None and ADD_UNIT in data
        if data is not None and self.adds_unit:
            super().__init__(initial={**(initial or {}), **data.dict()})
        else:
            super().__init__(data, files, initial=initial)
        self.rows = ["", *self._further_rows(data or initial or {})]
        for suffix in self.rows[1:]:
            for name in ("unit_id", "unit_role_id"):
                self.fields[name + suffix] = deepcopy(self.fields[name])
        self.can_add_unit = False

    def _further_rows(self, data: Any) -> Iterator[str]:
        numbers = [number for number in range(2, MAX_UNITS + 1) if f"unit_id_{number}" in data]
        last = (numbers[-1] if numbers else 1) + self.adds_unit
        yield from (f"_{number}" for number in range(2, min(last, MAX_UNITS) + 1))

    def offer(self, by: Principal, organization: Organization, held: EffectivePermissions) -> None:
        """Offer the roles, workspaces and applications that the reader may give.

        Who manages only the members of units must name one of them. Without units, the rows are left out.
        """
        self.initial.setdefault("role_id", organization.default_role_id or UNASSIGNED_ROLE)
        offer_roles(self.fields["role_id"], organization.pk, Level.ORGANIZATION, held)
        units = units_of(by, organization).order_by("name", "id")
        if not held.permits(MANAGE_MEMBERS):
            units = units.filter(pk__in=held.units_permitting(UNIT_MANAGE_MEMBERS))
            self.fields["unit_id"].required = self.fields["unit_role_id"].required = True
        possible = units[:MAX_UNITS].count()
        if not possible:
            for unit, role in self._names():
                del self.fields[unit], self.fields[role]
            self.rows = []
            return
        self._offer_units(organization, units)
        self.can_add_unit = len(self.rows) < possible

    def _offer_units(self, organization: Organization, units: Any) -> None:
        """Let each row offer these units. The database is asked once for the choices of all rows."""
        first_unit, first_role = self.fields["unit_id"], self.fields["unit_role_id"]
        for unit, role in self._names():
            self.fields[unit].queryset = units  # type: ignore[attr-defined]
            offer_roles(self.fields[role], organization.pk, Level.UNIT)
        choices = {"unit": first_unit.choices, "role": first_role.choices}  # type: ignore[attr-defined]
        if len(self.rows) > 1:
            choices = {name: list(offered) for name, offered in choices.items()}
            for unit, role in self._names():
                self.fields[unit].choices, self.fields[role].choices = choices["unit"], choices["role"]  # type: ignore[attr-defined]
        if self.adds_unit:
            self.fields["unit_id" + self.rows[-1]].widget.attrs["autofocus"] = True

    def _names(self) -> list[tuple[str, str]]:
        return [("unit_id" + suffix, "unit_role_id" + suffix) for suffix in self.rows]

    @property
    def unit_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of the rows, for the template."""
        return [(self[unit], self[role]) for unit, role in self._names()]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        """The fields that are in no row, for the template."""
        in_rows = {name for names in self._names() for name in names}
        return [field for field in self.visible_fields() if field.name not in in_rows]

    def clean(self) -> dict[str, Any]:
        """Require both fields of a row or none, and each unit once."""
        given: dict[str, Any] = super().clean() or {}
        units: list[UnitAndRole] = []
        for unit_name, role_name in self._names():
            unit, role = given.get(unit_name), given.get(role_name)
            if unit and not role:
                self.add_error(role_name, _("Choose a role there."))
            if role and not unit:
                self.add_error(unit_name, _("Choose a workspace or application."))
            if unit and unit in [chosen for chosen, _role in units]:
                self.add_error(unit_name, _("You have chosen it twice."))
            if unit and role:
                units.append((unit, role))
        return {**given, "units": units}


class OfferForm(GrantForm):
    """What invitations offer, and how they are sent."""

    message = LinesFormField(
        label=gettext_lazy("Personal message (optional)"),
        help_text=gettext_lazy("It is in the email and on the page of the invitation. Links in it can't be clicked."),
        max_length=Invitation._meta.get_field("message").max_length,
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the email"),
        required=False,
        choices=[("", gettext_lazy("The organization's")), *settings.LANGUAGES],
    )
    lifetime_days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=MAX_LIFETIME_DAYS,
        initial=DEFAULT_LIFETIME_DAYS,
    )
