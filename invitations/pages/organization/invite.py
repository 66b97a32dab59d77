"""The page *Invite*: one invitation."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import AddressInputField, LinesFormField, PlainTextFormField
from core.addresses import displayed_address
from core.text import IN_PLAIN_WORDS, validate_plain_text
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, MAX_LIFETIME_DAYS
from invitations.actions.inviting import invite
from invitations.models import Invitation
from invitations.pages.organization.granting_fields import offer_grant
from orgs import policies
from orgs.models import Role, Unit
from orgs.pages.choices import RoleOfLevel, UnitChoice
from orgs.pages.organization_page import FormPage
from orgs.permissions import UNASSIGNED_ROLE


class OfferForm(forms.Form):
    """What invitations offer, and how they are sent."""

    role_id = RoleOfLevel(Role.objects.none(), label=gettext_lazy("Role"), empty_label=None)
    unit_id = UnitChoice(
        Unit.objects.none(),
        label=gettext_lazy("Workspace or application (optional)"),
        required=False,
        empty_label=gettext_lazy("None"),
    )
    unit_role_id = RoleOfLevel(
        Role.objects.none(), label=gettext_lazy("Role there"), required=False, empty_label=gettext_lazy("None")
    )
    message = LinesFormField(
        label=gettext_lazy("Personal message (optional)"),
        help_text=gettext_lazy("It is in the email and on the page of the invitation. Links in it can't be clicked."),
        max_length=Invitation._meta.get_field("message").max_length,
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the email"),
        required=False,
        choices=[("", gettext_lazy("Language of the organization")), *settings.LANGUAGES],
    )
    lifetime_days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=MAX_LIFETIME_DAYS,
        initial=DEFAULT_LIFETIME_DAYS,
    )

    def clean(self) -> dict[str, Any]:
        """Require a role in the unit if there is a unit, and a unit if there is a role."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("unit_id") and not given.get("unit_role_id"):
            self.add_error("unit_role_id", _("Choose a role there."))
        if given.get("unit_role_id") and not given.get("unit_id"):
            self.add_error("unit_id", _("Choose a workspace or application."))
        return given


class InvitationForm(OfferForm):
    """An invitation to the organization, and optionally to one of its workspaces or applications."""

    email = AddressInputField(label=gettext_lazy("Email address"))
    invitee_name = PlainTextFormField(
        label=gettext_lazy("Name (optional)"),
        required=False,
        max_length=Invitation._meta.get_field("invitee_name").max_length,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("email", "invitee_name")


class InvitePage(FormPage):
    """Invite one person."""

    view = "organization-invite"
    template = "organizations/invite.html"

    def find(self, **kwargs: Any) -> None:
        """Require that the reader manages members. Raises PermissionMissing."""
        policies.require_any_member_management(self.by, self.organization)

    def get_form(self, data: Any) -> forms.Form:
        """Return the form. It offers what the reader may give."""
        role_id = self.organization.default_role_id or UNASSIGNED_ROLE
        form = InvitationForm(data, initial={"role_id": role_id})
        offer_grant(form, self.by, self.organization, self.permissions)
        return form

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Send the invitation, and lead to the list of people."""
        chosen = {name: value.pk for name, value in given.items() if name.endswith("_id") and value}
        others = {name: value for name, value in given.items() if not name.endswith("_id")}
        invitation = invite(by=self.by, organization_id=self.organization.pk, **chosen, **others)
        invited = {"address": displayed_address(invitation.email)}
        messages.success(self.request, _("We'll email %(address)s a link to join.") % invited)
        return HttpResponseRedirect(self.address_of("organization-people"))
