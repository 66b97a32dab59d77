"""The settings of an organization: its profile, what its emails say, archiving."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import AddressInputField, LinesFormField, PlainTextFormField
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.actions.organizations import archive_organization, update_organization
from orgs.models import Organization, Role
from orgs.pages.choices import RoleChoiceField
from orgs.pages.fields import SlugFormField, WebAddressFormField
from orgs.pages.organization_page import ConfirmPage, FormPage
from orgs.permissions import ADMIN, OWN, OWNER_ROLE, UNASSIGNED_ROLE, Level
from orgs.querysets import roles_of

VIEW = "organization-settings"
BROWSER_LANGUAGE = ("", gettext_lazy("The language of each reader's browser"))


def _length_of(name: str) -> int | None:
    field: Any = Organization._meta.get_field(name)
    length: int | None = field.max_length
    return length


# The headings of the form, and the number of fields below each.
GROUPS = (
    (gettext_lazy("Profile"), 5),
    (gettext_lazy("New members"), 2),
    (gettext_lazy("Emails and pages of invitations"), 4),
    (gettext_lazy("Security"), 1),
)


class SettingsForm(forms.Form):
    """What admins can change."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=_length_of("name"),
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
    )
    slug = SlugFormField(
        help_text=gettext_lazy("It is a part of the addresses of these pages. Links with the former name keep working.")
    )
    description = LinesFormField(label=gettext_lazy("Description"), max_length=_length_of("description"))
    logo_url = WebAddressFormField(
        label=gettext_lazy("Address of the logo"), help_text=gettext_lazy("It must begin with https.")
    )
    website = WebAddressFormField(label=gettext_lazy("Website"))
    default_role_id = RoleChoiceField(
        Role.objects.none(),
        label=gettext_lazy("Role that new people get"),
        required=False,
        empty_label=gettext_lazy("Member"),
        help_text=gettext_lazy("For invitations that name no other role."),
    )
    continue_url = WebAddressFormField(
        label=gettext_lazy("Where people continue after joining"),
        help_text=gettext_lazy("The address of a page, for example of your application. People get a link to it."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of emails and pages"),
        required=False,
        choices=[BROWSER_LANGUAGE, *settings.LANGUAGES],
    )
    replies_go_to_inviter = forms.BooleanField(
        label=gettext_lazy("Replies to invitation emails go to the person who invited"), required=False
    )
    reply_to = AddressInputField(
        label=gettext_lazy("Another address for replies"),
        required=False,
        help_text=gettext_lazy("If you enter one, all replies go there."),
    )
    email_footer = LinesFormField(
        label=gettext_lazy("Text at the end of invitation emails"), max_length=_length_of("email_footer")
    )
    second_factor_required = forms.BooleanField(
        label=gettext_lazy("Members need two-factor authentication"), required=False
    )

    @property
    def groups(self) -> Iterator[tuple[Any, list[forms.BoundField]]]:
        """The headings, each with its fields, for the template."""
        fields = iter(self.visible_fields())
        for heading, size in GROUPS:
            yield heading, list(islice(fields, size))


class SettingsPage(FormPage):
    """Show the settings. Admins can change them."""

    view = VIEW
    template = "organizations/settings.html"

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        initial = {name: getattr(self.organization, name) for name in SettingsForm.base_fields}
        form = SettingsForm(data, initial=initial)
        offered = (
            roles_of(self.organization).filter(level=Level.ORGANIZATION).exclude(pk__in=[OWNER_ROLE, UNASSIGNED_ROLE])
        )
        form.fields["default_role_id"].queryset = offered.order_by("name", "id")  # type: ignore[attr-defined]
        return form

    def get_context(self) -> dict[str, Any]:
        """Return what the reader may do."""
        return {
            "may_change": self.permissions.permits(ADMIN),
            "may_archive": self.permissions.permits(OWN),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        role = given.pop("default_role_id")
        organization = update_organization(
            by=self.by,
            organization_id=self.organization.pk,
            **given | {"reply_to": given["reply_to"] or None},
            default_role_id=role.pk if role else None,
        )
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(VIEW, organization.slug)


class ArchivePage(ConfirmPage):
    """Ask, then archive the organization."""

    view = VIEW

    def press(self) -> str:
        """Archive it."""
        archive_organization(by=self.by, organization_id=self.organization.pk)
        return _("%(name)s has been archived.") % {"name": self.organization.name}

    def get_question(self) -> str:
        """Return the question."""
        return _("Archive %(name)s?") % {"name": self.organization.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [
            _("Members can't open it, and nobody can accept an invitation to it."),
            _("Nothing is deleted. You can restore it, or delete it for good."),
        ]

    def get_button(self) -> str:
        """Return the label."""
        return _("Archive")

    def get_back_address(self) -> str:
        """Return the settings. After archiving, they offer to restore it."""
        return self.address_of(VIEW)
