"""Forms on pages of the admin about organizations and members."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.admin_forms import RowForm
from accounts.principals import Principal
from orgs.actions import members, units
from orgs.models import Membership, Role, Unit
from orgs.permissions import OWNER_ROLE, Level


class UnitChoiceField(forms.ModelChoiceField):
    """A workspace or an application. The text says which of the two it is."""

    def label_from_instance(self, unit: Unit) -> str:
        """Return the name and the kind."""
        return f"{unit.name} ({unit.get_kind_display()})"


class RoleForm(RowForm):
    """The role of a member in the organization."""

    role_id = forms.ModelChoiceField(
        Role.objects.none(),
        label=_("Role in the organization"),
        empty_label=None,
        help_text=_(
            "It replaces the current role. Rights that only the current role has end. "
            "Roles in workspaces and applications stay, and so do permissions that were granted directly."
        ),
    )

    def __init__(self, row: Membership, data: Any = None) -> None:
        super().__init__(row, data)
        roles = Role.objects.usable_in(row.organization_id).filter(level=Level.ORGANIZATION).order_by("name")
        current = row.organization_role.pk
        # *Make owner* asks for confirmation.
        self.offer("role_id", roles if current == OWNER_ROLE else roles.exclude(pk=OWNER_ROLE))
        self.initial = {"role_id": current}


def change_role(by: Principal, membership: Membership, given: dict[str, Any]) -> Membership:
    """Give the member the chosen role in the organization."""
    return members.change_member_roles(
        by=by,
        organization_id=membership.organization_id,
        membership_id=membership.pk,
        role_id=given["role_id"].pk,
    )


class UnitRoleForm(RowForm):
    """The role of a member in one workspace or application."""

    unit_id = UnitChoiceField(Unit.objects.none(), label=_("Workspace or application"), empty_label=None)
    role_id = forms.ModelChoiceField(
        Role.objects.none(),
        label=_("Role there"),
        required=False,
        empty_label=_("No role"),
        help_text=_("It replaces the current role there. Rights that only the current role has end."),
    )

    def __init__(self, row: Membership, data: Any = None) -> None:
        super().__init__(row, data)
        self.offer("unit_id", row.organization.units.order_by("name", "pk"))
        self.offer("role_id", Role.objects.usable_in(row.organization_id).filter(level=Level.UNIT).order_by("name"))


def change_unit_role(by: Principal, membership: Membership, given: dict[str, Any]) -> None:
    """Give the member the chosen role in the workspace or application, or remove the current one."""
    place = {"organization_id": membership.organization_id, "unit_id": given["unit_id"].pk}
    if given["role_id"]:
        units.assign_unit_role(by=by, **place, membership_id=membership.pk, role_id=given["role_id"].pk)
    else:
        units.remove_unit_role(by=by, **place, membership_id=membership.pk)
