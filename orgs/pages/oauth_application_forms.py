"""The forms of OAuth applications: what each kind of application has."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.pages.forms import PlainTextFormField
from core.text import IN_PLAIN_WORDS, validate_plain_text
from orgs.oauth import applications
from orgs.oauth.scopes import SCOPES
from orgs.pages.fields import ServiceAccountField

CLIENT, PERSONAL, SERVICE = "client", "personal", "service"


class OAuthApplicationForm(forms.Form):
    """What every application has: a name and scopes."""

    name = PlainTextFormField(
        label=gettext_lazy("Name"),
        max_length=applications.NAME_LENGTH,
        validators=[validate_plain_text],
        error_messages=IN_PLAIN_WORDS,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may ask for"),
        required=False,
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("If you choose nothing, it may ask for everything."),
    )


class ClientForm(OAuthApplicationForm):
    """An application that acts for people also has the addresses to which they return."""

    redirect_uris = forms.CharField(
        label=gettext_lazy("Redirect URIs"),
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Where people return to. One address on each line. It must match exactly."),
    )
    field_order = ("name", "redirect_uris", "public", "scopes")

    def clean_redirect_uris(self) -> list[str]:
        """Return the addresses."""
        lines = (line.strip() for line in self.cleaned_data["redirect_uris"].splitlines())
        return [line for line in lines if line]


class NewClientForm(ClientForm):
    """Whether it can keep a secret cannot be changed later."""

    public = forms.BooleanField(
        label=gettext_lazy("It runs in a browser or on a phone, so it can't keep a secret"), required=False
    )


class NewServiceClientForm(OAuthApplicationForm):
    """An application that acts as a service account."""

    membership_id = ServiceAccountField(label=gettext_lazy("Service account"), required=True)
    field_order = ("name", "membership_id", "scopes")

    def clean_membership_id(self) -> Any:
        """Return the id of the membership."""
        return self.cleaned_data["membership_id"].pk


NEW_FORMS: dict[str, type[OAuthApplicationForm]] = {
    CLIENT: NewClientForm,
    PERSONAL: OAuthApplicationForm,
    SERVICE: NewServiceClientForm,
}
