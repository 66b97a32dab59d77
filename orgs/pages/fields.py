"""Form fields that several pages of an organization use."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.slugs import MAX_LENGTH, validate_slug


class SlugFormField(forms.CharField):
    """A name for use in URLs, in the words of pages."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {
            "label": _("Name in URLs"),
            "max_length": MAX_LENGTH,
            "validators": [validate_slug],
            "error_messages": {
                "invalid_slug": _(
                    "Use 3 to 128 lower-case letters, digits and hyphens, and nothing that looks like an ID."
                )
            },
            "widget": forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
        }
        super().__init__(**defaults | options)
