"""Forms on pages of the admin about accounts."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.admin_forms import RowForm
from accounts.models import User
from accounts.principals import lacks_any
from accounts.staff_roles import StaffRole, permissions_of, staff_role_of
from core.addresses import Address, displayed_address
from orgs.actions.account_help import confirmable_addresses, verified_addresses


class AddressForm(RowForm):
    """Choose one of the person's verified addresses, the primary one first."""

    address = forms.TypedChoiceField(
        label=_("Address"),
        coerce=Address,
        help_text=_("Choose an address that you know to be the person's."),
    )

    def __init__(self, row: User, data: Any = None) -> None:
        super().__init__(row, data)
        offered = [(address, displayed_address(address)) for address in self.addresses(row)]
        cast("forms.ChoiceField", self.fields["address"]).choices = offered

    def addresses(self, user: User) -> list[Address]:
        """Return the addresses to choose from."""
        return verified_addresses(user)


class UnverifiedAddressForm(AddressForm):
    """Choose one of the person's unverified addresses."""

    def addresses(self, user: User) -> list[Address]:
        """Return the addresses that the action accepts."""
        return confirmable_addresses(user)


class StaffRoleForm(RowForm):
    """Choose a staff role, or none."""

    role = forms.TypedChoiceField(
        label=_("Staff role"),
        required=False,
        coerce=StaffRole,
        empty_value=None,
        help_text=_(
            "It replaces the current role. A superuser becomes ordinary staff. "
            "Permissions and groups given by hand stay, but end with “None”."
        ),
    )

    def __init__(self, row: User, data: Any = None) -> None:
        super().__init__(row, data)
        self.initial = {"role": staff_role_of(row) or ""}

    def offer_to(self, staff: User) -> None:
        """Offer the roles whose rights the staff member has."""
        within = [role for role in StaffRole if not lacks_any(staff, permissions_of(role))]
        choices = [("", _("None: no rights in the admin")), *((role.value, role.label) for role in within)]
        cast("forms.ChoiceField", self.fields["role"]).choices = choices
