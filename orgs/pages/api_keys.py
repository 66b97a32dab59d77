"""The pages of API keys: list, create, rename, revoke. A secret is only in the response that creates its key."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.forms import LinesFormField, PlainTextFormField
from core.page_lists import page_of
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.actions.api_keys import create_api_key, delete_api_key, find_key, update_api_key, visible_keys
from orgs.models import ApiKey, Membership, Organization
from orgs.pages.choices import permission_choices
from orgs.pages.fields import ServiceAccountField, system_members_of
from orgs.pages.organization_page import ConfirmPage, FormPage, OrganizationPage
from orgs.permissions import MANAGE_MEMBERS
from orgs.policies import EffectivePermissions

VIEW = "organization-api-keys"
ALL, CHOSEN = "all", "chosen"


class ApiKeyForm(forms.Form):
    """What can be changed later: the name and the description."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=ApiKey._meta.get_field("name").max_length,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
        help_text=gettext_lazy("What uses it, for example “Nightly report”."),
    )
    description = LinesFormField(
        rows=2,
        label=gettext_lazy("Description (optional)"),
        max_length=ApiKey._meta.get_field("description").max_length,
    )


class NewApiKeyForm(ApiKeyForm):
    """What a new key needs. ``membership_id`` is only offered to people who manage members."""

    membership_id = ServiceAccountField(label=gettext_lazy("It acts as"), empty_label=gettext_lazy("You"))
    limit = forms.ChoiceField(
        label=gettext_lazy("It may do"),
        choices=[
            (CHOSEN, gettext_lazy("Only what you choose below")),
            (ALL, gettext_lazy("Everything that the account may do")),
        ],
        initial=CHOSEN,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("A key never has more permissions than the account it acts as."),
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"), required=False, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateField(
        label=gettext_lazy("Last day (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Without it, the key works until you revoke it."),
    )

    def offer(self, held: EffectivePermissions, organization: Organization) -> None:
        """Offer the permissions that the reader has, and the service accounts that the reader manages."""
        offered = held.organization.union(*held.units.values())
        self.fields["permissions"].choices = permission_choices(offered)  # type: ignore[attr-defined]
        if held.permits(MANAGE_MEMBERS):
            self.fields["membership_id"].queryset = system_members_of(organization)  # type: ignore[attr-defined]
        else:
            del self.fields["membership_id"]

    def clean_membership_id(self) -> UUID | None:
        """Return the id of the membership. Without one, the key is for the reader."""
        chosen: Membership | None = self.cleaned_data["membership_id"]
        return chosen.pk if chosen else None

    def clean_expires_at(self) -> datetime | None:
        """Return the end of the day."""
        day: date | None = self.cleaned_data["expires_at"]
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None

    def clean(self) -> dict[str, Any]:
        """Return the values as the action takes them. Refuse choices that contradict each other.

        Otherwise a key could have more permissions than somebody chose.
        """
        given: dict[str, Any] = super().clean() or {}
        limit, chosen = given.pop("limit", CHOSEN), given.get("permissions", [])
        if limit == CHOSEN and not chosen:
            self.add_error("permissions", _("Choose at least one permission."))
        elif limit == ALL and chosen:
            self.add_error("limit", _("You have also chosen permissions below. Choose one of both."))
        given["permissions"] = frozenset(chosen) if limit == CHOSEN else None
        return given


class ApiKeysPage(OrganizationPage):
    """The reader's keys and, for people who manage members, those of service accounts."""

    view = VIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the keys, newest first."""
        return self.show(
            "organizations/api_keys.html",
            page=page_of(request, visible_keys(self.by, self.organization)),
            may_manage=self.permissions.permits(MANAGE_MEMBERS),
            now=timezone.now(),
        )


class NewApiKeyPage(FormPage):
    """Create a key, and show its secret."""

    view = VIEW
    needs_recent_sign_in = True

    def get_form(self, data: Any) -> forms.Form:
        """Return the form."""
        form = NewApiKeyForm(data)
        form.offer(self.permissions, self.organization)
        return form

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Create an API key"),
            "intro": _("Software uses it to sign in to the API. Anyone who has its secret can do what it may do."),
            "button": _("Create"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Create the key. The page with the secret is this response, so that the secret is stored nowhere."""
        key, secret = create_api_key(by=self.by, organization_id=self.organization.pk, **given)
        return self.show(
            "organizations/secret.html",
            title=_("The API key %(name)s has been created") % {"name": key.name},
            values=[(_("Secret"), secret)],
            has_secret=True,
            hint=_("Send it in the header X-API-Key, or as a bearer token."),
            back_address=self.address_of(VIEW),
        )


class OfApiKey(OrganizationPage):
    """A page about one key that the reader may see."""

    view = VIEW
    key: ApiKey

    def find(self, **kwargs: Any) -> None:
        """Find the key. Raises ApiKeyNotFound."""
        self.key = find_key(self.by, self.organization, kwargs["key_id"])


class ChangeApiKeyPage(OfApiKey, FormPage):
    """Change the name and the description."""

    def get_form(self, data: Any) -> forms.Form:
        """Return the form with the current values."""
        return ApiKeyForm(data, initial={"name": self.key.name, "description": self.key.description})

    def get_context(self) -> dict[str, Any]:
        """Return the texts."""
        return {
            "title": _("Change the API key %(name)s") % {"name": self.key.name},
            "intro": _("Its secret and its permissions stay the same."),
            "button": _("Save"),
            "back_address": self.address_of(VIEW),
        }

    def save(self, given: dict[str, Any]) -> HttpResponse:
        """Save the changes."""
        update_api_key(by=self.by, organization_id=self.organization.pk, key_id=self.key.pk, **given)
        messages.success(self.request, _("Your changes have been saved."))
        return redirect(self.address_of(VIEW))


class RevokeApiKeyPage(OfApiKey, ConfirmPage):
    """Ask, then revoke it."""

    def press(self) -> str:
        """Delete the key."""
        delete_api_key(by=self.by, organization_id=self.organization.pk, key_id=self.key.pk)
        return _("The API key %(name)s has been revoked.") % {"name": self.key.name}

    def get_question(self) -> str:
        """Return the question."""
        return _("Revoke the API key %(name)s?") % {"name": self.key.name}

    def get_effects(self) -> Sequence[str]:
        """Return what ends."""
        return [_("Software that uses it can no longer sign in, at once."), _("This can't be undone.")]

    def get_button(self) -> str:
        """Return the label."""
        return _("Revoke")

    def get_back_address(self) -> str:
        """Return the list."""
        return self.address_of(VIEW)
