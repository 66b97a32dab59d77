"""The page of one invitation: why the person has not joined, what happened, and what can be done about it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.pages.forms import AddressInputField
from core.addresses import displayed_address, is_erased
from core.api.errors import problem_of
from core.errors import DomainError
from invitations.actions import inviting
from invitations.actions.granting import MAX_LIFETIME_DAYS, still_vouched
from invitations.actions.links import copy_link
from invitations.admin_endings import of_withdrawing
from invitations.explaining import Entry, explain
from invitations.lookups import find_managed
from invitations.models import Invitation
from orgs.models import Role
from orgs.pages.choices import RoleOfLevel, permission_choices
from orgs.pages.members import offer_roles
from orgs.pages.organization_page import ButtonPage, ConfirmPage, FormPage, OrganizationPage
from orgs.permissions import GRANTABLE_DIRECTLY, Level


class SentInvitationBase(OrganizationPage):
    """A page about one invitation, which the reader may manage."""

    view = "organization-people"
    invitation: Invitation

    def find(self, **kwargs: Any) -> None:
        """Load the invitation. Raises InvitationNotFound and PermissionMissing."""
        self.invitation = find_managed(self.by, self.organization, kwargs["invitation_id"])

    @property
    def address(self) -> str:
        """The invited address, as people read it."""
        return str(displayed_address(self.invitation.email))

    def address_of_invitation(self, invitation: Invitation | None = None) -> str:
        """Return the path of the page of this or another invitation."""
        shown = invitation or self.invitation
        return self.address_of("organization-invitation", invitation_id=shown.pk)

    def get_back_address(self) -> str:
        """Return the address of the invitation's page."""
        return self.address_of_invitation()


class SentInvitationPage(SentInvitationBase):
    """The invitation, the reason, the timeline, and buttons for what is possible."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the page."""
        explanation = explain(self.invitation)
        actors = self._actors(explanation.timeline)
        return self.show(
            "organizations/invitation.html",
            invitation=self.invitation,
            explanation=explanation,
            story=[(entry, actors.get(entry.actor_id)) for entry in explanation.timeline],
            can_be=possible_now(self.invitation),
            can_be_accepted=self.invitation.is_open and still_vouched(self.organization, self.invitation),
            same_email=self._in_same_email(),
        )

    def _in_same_email(self) -> Sequence[Invitation]:
        """Return the other invitations of the same email that the reader may manage. No query if it is alone."""
        if self.invitation.shares_email_of_id is None:
            return []
        managed = Invitation.objects.manageable_with(self.permissions, self.organization)
        sharing = managed.filter(shares_email_of=self.invitation.shares_email_of_id)
        return list(sharing.exclude(pk=self.invitation.pk).with_details().order_by("id"))

    def _actors(self, timeline: Sequence[Entry]) -> dict[Any, User]:
        """Return the members among the people who caused the entries. Staff are named nowhere."""
        ids = {entry.actor_id for entry in timeline if entry.actor_id and entry.actor_method != "staff"}
        members = User.objects.filter(pk__in=ids, memberships__organization=self.organization)
        return {user.pk: user for user in members}


def possible_now(invitation: Invitation) -> dict[str, bool]:
    """Return which buttons the page shows. The actions decide what the reader may do."""
    failed = invitation.ended_unanswered and not invitation.is_superseded and not is_erased(invitation.email)
    return {
        "sent_again": invitation.is_open or (failed and invitation.has_whole_grant),
        "corrected": invitation.is_open or (failed and invitation.status == Invitation.Status.ERROR),
        "changed": invitation.is_open,
        "withdrawn": invitation.state in (Invitation.Status.PENDING, Invitation.Status.PROCESSING),
    }


class ResendInvitation(SentInvitationBase, ButtonPage):
    """Send the invitation again. If it has ended, a new one takes its place."""

    def press(self) -> str:
        """Send it."""
        self.invitation = inviting.resend(
            by=self.by, organization_id=self.organization.pk, invitation_id=self.invitation.pk
        )
        text = _("We'll email %(address)s a new link. The links in earlier emails have stopped working.")
        return text % {"address": self.address}


class CopyLink(SentInvitationBase, ButtonPage):
    """Show the link of the invitation, to pass it on without an email. The audit log says who saw it."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Show the link. It is only in this response."""
        try:
            link = copy_link(by=self.by, organization_id=self.organization.pk, invitation_id=self.invitation.pk)
        except DomainError as refusal:
            return self.show_refusal(
                self.refused_template, problem_of(refusal), refusal=self.say(refusal), **self.get_context()
            )
        return self.show(
            "organizations/secret.html",
            title=_("Pass the link on to %(address)s") % {"address": self.address},
            values=[(_("Link"), link)],
            hint=_(
                "Everybody who has the link sees the invitation. Only a person whose account has this email address, "
                "verified, can accept it."
            ),
            **self.get_context(),
        )


class WithdrawInvitation(SentInvitationBase, ConfirmPage):
    """Withdraw the invitation."""

    def get_question(self) -> str:
        """Return the question."""
        return _("Withdraw the invitation to %(address)s?") % {"address": self.address}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return of_withdrawing(self.invitation)

    def get_button(self) -> str:
        """Return the label of the button."""
        return _("Withdraw")

    def press(self) -> str:
        """Withdraw it."""
        inviting.cancel(by=self.by, organization_id=self.organization.pk, invitation_id=self.invitation.pk)
        return _("The invitation to %(address)s has been withdrawn.") % {"address": self.address}


class CorrectionForm(forms.Form):
    """The right address."""

    email = AddressInputField(label=gettext_lazy("Right email address"))


class CorrectAddress(SentInvitationBase, FormPage):
    """Send the invitation to another address. A new invitation replaces this one."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form, with the wrong address to correct."""
        return CorrectionForm(data, initial={"email": self.address})

    def get_context(self) -> dict[str, Any]:
        """Return the texts of the page."""
        return {
            "title": _("Correct the address"),
            "intro": _("The link in emails to %(address)s stops working. The new address gets an email.")
            % {"address": self.address},
            "button": _("Send"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Send the invitation to the address."""
        corrected = inviting.correct_address(
            by=self.by, organization_id=self.organization.pk, invitation_id=self.invitation.pk, **given
        )
        address = displayed_address(corrected.email)
        messages.success(self.request, _("We'll email %(address)s a link to join.") % {"address": address})
        return HttpResponseRedirect(self.address_of_invitation(corrected))


class InvitationChangeForm(forms.Form):
    """What the invitation offers, and when it expires."""

    role_id = RoleOfLevel(Role.objects.none(), label=gettext_lazy("Role"), empty_label=None)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions in addition to the role"), required=False, widget=forms.CheckboxSelectMultiple
    )
    unit_role_id = RoleOfLevel(Role.objects.none(), label=gettext_lazy("Role there"), empty_label=None)
    lifetime_days = forms.IntegerField(
        label=gettext_lazy("Days until it expires, from today"),
        help_text=gettext_lazy("If you leave it empty, the expiry date stays."),
        required=False,
        min_value=1,
        max_value=MAX_LIFETIME_DAYS,
    )


class ChangeInvitation(SentInvitationBase, FormPage):
    """Change what an open invitation offers, or when it expires. No email is sent."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form. It offers what the reader may give, and what the invitation offers."""
        invitation = self.invitation
        initial = {"role_id": invitation.role_id, "permissions": invitation.permissions}
        form = InvitationChangeForm(data, initial={**initial, "unit_role_id": invitation.unit_role_id})
        place = self.organization.pk
        offer_roles(form.fields["role_id"], place, Level.ORGANIZATION, self.permissions, invitation.role_id)
        held = (self.permissions.organization & GRANTABLE_DIRECTLY) | set(invitation.permissions)
        form.fields["permissions"].choices = permission_choices(held)  # type: ignore[attr-defined]
        if invitation.unit is None:
            del form.fields["unit_role_id"]
        else:
            form.fields["unit_role_id"].label = _("Role in %(unit)s") % {"unit": invitation.unit.name}
            offer_roles(form.fields["unit_role_id"], place, Level.UNIT)
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts of the page."""
        return {
            "title": _("Change the invitation to %(address)s") % {"address": self.address},
            "intro": _("No email is sent. The link stays the same."),
            "button": _("Save"),
            "back_address": self.get_back_address(),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Change the invitation."""
        inviting.update_invitation(
            by=self.by,
            organization_id=self.organization.pk,
            invitation_id=self.invitation.pk,
            role_id=given["role_id"].pk,
            permissions=frozenset(given["permissions"]),
            unit_role_id=given["unit_role_id"].pk if given.get("unit_role_id") else None,
            lifetime_days=given["lifetime_days"],
        )
        messages.success(self.request, _("The invitation has been changed."))
        return HttpResponseRedirect(self.get_back_address())
