"""The page *Invite*: one invitation."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import AddressInputField, PlainTextFormField
from core.addresses import displayed_address
from core.text import IN_PLAIN_WORDS, validate_plain_text
from invitations.actions.inviting import invite
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.granting_fields import ADD_UNIT, OfferForm
from invitations.models import Invitation
from orgs import policies
from orgs.pages.organization_page import FormPage


class InvitationForm(OfferForm):
    """An invitation to the organization, and optionally to workspaces and applications in it."""

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

    def get_form(self, data: Any) -> InvitationForm:
        """Return the form. It offers what the reader may give. `unit` in the query is chosen already."""
        form = InvitationForm(data, initial={"unit_id": self.request.GET.get("unit")})
        form.offer(self.by, self.organization, self.permissions)
        return form

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Send the invitation, or add a row to the form."""
        return (
            self.respond(self.get_form(request.POST)) if ADD_UNIT in request.POST else super().post(request, **kwargs)
        )

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Send the invitations, and lead to the list of people."""
        texts = {name: given[name] for name in ("invitee_name", "message", "language", "lifetime_days")}
        offer = {"email": given["email"], "role_id": given["role_id"].pk, **texts}
        units = [UnitOffer(unit.pk, role.pk) for unit, role in given["units"]]
        address = displayed_address(self._invite(units, offer).email)
        messages.success(self.request, announced(address, [unit.name for unit, _role in given["units"]]))
        return HttpResponseRedirect(self.address_of("organization-people"))

    def _invite(self, units: list[UnitOffer], offer: dict[str, Any]) -> Invitation:
        """Send the invitations. Return one of them."""
        common = {"by": self.by, "organization_id": self.organization.pk, **offer}
        if len(units) > 1:
            return invite_to_units(units=units, **common)[0]
        chosen: dict[str, Any] = {"unit_id": units[0].unit_id, "unit_role_id": units[0].unit_role_id} if units else {}
        return invite(**common, **chosen)


def announced(address: str, units: list[str]) -> str:
    """Return the sentence that says what is emailed to the address: one link, to units with these names if any."""
    words: dict[str, Any] = {"address": address, "number": len(units)}
    match units:
        case [first, second]:
            words |= {"first": first, "second": second}
            return _("We'll email %(address)s one link to join both %(first)s and %(second)s.") % words
        case [] | [str()]:
            return _("We'll email %(address)s a link to join.") % words
        case _several:
            return _("We'll email %(address)s one link to join all %(number)s workspaces and applications.") % words
