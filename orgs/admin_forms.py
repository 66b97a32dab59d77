"""Forms on pages of the admin about organizations and members."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.admin_forms import RowForm
from accounts.principals import Principal
from orgs.actions import members
from orgs.models import Membership, Role
from orgs.permissions import Level


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
        self.offer("role_id", roles)
        self.initial = {"role_id": row.organization_role.pk}


def change_role(by: Principal, membership: Membership, given: dict[str, Any]) -> Membership:
    """Give the member the chosen role in the organization."""
    return members.change_member_roles(
        by=by,
        organization_id=membership.organization_id,
        membership_id=membership.pk,
        role_id=given["role_id"].pk,
    )
