"""The forms on pages of admin buttons. An error of the action is shown at the field that it is about."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts.models import User
from core.errors import DomainError


class RowForm(forms.Form):
    """A form about one row. ``row`` is None on a page that adds a row.

    Subclasses set ``self.initial`` and the rows that a field offers.
    """

    required_css_class = "required"

    def __init__(self, row: Any, data: Any = None) -> None:
        super().__init__(data)
        self.row = row

    def offer_to(self, staff: User) -> None:
        """Offer only the choices that the action accepts from this staff member. The page of the button calls this."""

    def offer(self, name: str, rows: QuerySet) -> None:
        """Let the field with this name, a ModelChoiceField, offer these rows."""
        cast("forms.ModelChoiceField", self.fields[name]).queryset = rows


def add_refusal(form: forms.Form, refusal: DomainError | ValidationError) -> None:
    """Add the messages of an error to the fields that it names. Others are shown above the form."""
    for name, reasons in _reasons_by_field(refusal).items():
        form.add_error(name if name in form.fields else None, reasons)


def _reasons_by_field(refusal: DomainError | ValidationError) -> dict[str, Any]:
    if isinstance(refusal, DomainError):
        return refusal.fields or {"": [refusal.message]}
    return getattr(refusal, "error_dict", {"": refusal})
