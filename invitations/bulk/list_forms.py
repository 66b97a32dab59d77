"""The forms that invite many people: the list with what all of them are offered, and the roles for its words."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.granting_fields import OfferForm
from invitations.uploads.rows import UnreadableUpload, read_text, read_upload
from orgs.folded_names import fold_name
from orgs.pages.choices import RoleChoiceField
from orgs.permissions import Level

MAX_WORDS = 100
MAX_PASTED = 500_000  # characters. Not a ``max_length``, because browsers would cut a longer text without a word.


class ListForm(OfferForm):
    """The people: pasted or in a file. The other fields are for those of whom the list says nothing else."""

    people = forms.CharField(
        label=gettext_lazy("Email addresses"),
        help_text=gettext_lazy(
            "One or several a line, with or without names. You can also paste a table with a header."
        ),
        required=False,
        strip=False,
        validators=[MaxLengthValidator(MAX_PASTED, gettext_lazy("This text is too long. Choose a file instead."))],
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        help_text=gettext_lazy(
            "CSV, Excel (XLSX), JSON or text, such as an export from Slack, Google Workspace or Okta."
        ),
        required=False,
    )

    field_order = ("people", "file")

    def clean(self) -> dict[str, Any]:
        """Read the list. ``upload`` is added to the data."""
        given = super().clean()
        text, file = given.get("people", ""), given.get("file")
        if bool(text.strip()) == bool(file):
            self.add_error("people", _("Paste email addresses or choose a file."))
            return given
        try:
            given["upload"] = read_upload(file.read(), filename=file.name or "") if file else read_text(text)
        except UnreadableUpload as unreadable:
            self.add_error("file" if file else "people", unreadable.fields["file"])
        return given


class MappingForm(forms.Form):
    """The role for each word that the list has for a role."""

    def __init__(self, words: Mapping[str, str], roles: Any, data: Any = None) -> None:
        super().__init__(data)
        named = {role.name: role.pk for role in roles if role.is_built_in and role.level == Level.ORGANIZATION}
        known = {fold_name(role.name) for role in roles}
        for number, (word, suggested) in enumerate(sorted(words.items())[:MAX_WORDS]):
            self.fields[f"word-{number}"] = RoleChoiceField(
                roles,
                label=_("Role for “%(word)s”") % {"word": word},
                required=False,
                empty_label=_("As in the list") if fold_name(word) in known else _("Choose a role"),
                initial=named.get(suggested),
            )
        self.words = sorted(words)[:MAX_WORDS]

    def chosen(self) -> dict[str, str]:
        """Return the id of the role for each word, or the suggestions if nothing was submitted."""
        if self.is_bound and self.is_valid():
            picked = {name: role and role.pk for name, role in self.cleaned_data.items()}
        else:
            picked = {name: field.initial for name, field in self.fields.items()}
        roles = {word: picked[f"word-{number}"] for number, word in enumerate(self.words)}
        return {word: str(role) for word, role in roles.items() if role}
