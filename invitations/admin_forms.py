"""Forms on pages of the admin about invitations."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.admin_forms import RowForm
from accounts.pages.forms import AddressInputField, PlainTextFormField
from accounts.principals import Principal
from invitations.actions import inviting
from invitations.actions.founding import create_organization_for_owner
from invitations.models import Invitation
from orgs.admin_forms import UnitChoiceField
from orgs.models import Organization, Role, Unit
from orgs.permissions import UNASSIGNED_ROLE, Level


def language_choices(default: Any) -> list[tuple[str, Any]]:
    """Return the choices of a field for a language. ``default`` is the text of the choice of none."""
    return [("", default), *settings.LANGUAGES]


class OrganizationForm(RowForm):
    """A new organization, and who will own it."""

    name = PlainTextFormField(label=_("Name"), max_length=Organization._meta.get_field("name").max_length)
    slug = forms.CharField(
        label=_("Slug"), required=False, help_text=_("The name in URLs. If empty, it is made from the name.")
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=language_choices(_("Language of this service"))
    )
    email = AddressInputField(
        label=_("Email address of the owner"),
        help_text=_("The organization has no members until this person accepts the emailed invitation."),
    )


def found_for_owner(by: Principal, _row: None, given: dict[str, Any]) -> Organization:
    """Create the organization and invite its owner."""
    return create_organization_for_owner(by=by, **given)


class InviteForm(RowForm):
    """An invitation to an organization, and optionally to one of its workspaces or applications."""

    email = AddressInputField(
        label=_("Email address"),
        help_text=_("The email says that the organization sent the invitation. It doesn't name you."),
    )
    role_id = forms.ModelChoiceField(Role.objects.none(), label=_("Role in the organization"), empty_label=None)
    unit_id = UnitChoiceField(Unit.objects.none(), label=_("Workspace or application"), required=False)
    unit_role_id = forms.ModelChoiceField(Role.objects.none(), label=_("Role there"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=language_choices(_("Language of the organization"))
    )

    def __init__(self, row: Organization, data: Any = None) -> None:
        super().__init__(row, data)
        roles = Role.objects.usable_in(row.pk).order_by("name")
        self.offer("role_id", roles.filter(level=Level.ORGANIZATION))
        self.offer("unit_id", row.units.order_by("name", "pk"))
        self.offer("unit_role_id", roles.filter(level=Level.UNIT))
        self.initial = {"role_id": row.default_role_id or UNASSIGNED_ROLE}


def send_invitation(by: Principal, organization: Organization, given: dict[str, Any]) -> Invitation:
    """Invite the address with the chosen roles."""
    chosen = {name: row and row.pk for name, row in given.items() if name.endswith("_id")}
    return inviting.invite(
        by=by, organization_id=organization.pk, email=given["email"], language=given["language"], **chosen
    )
