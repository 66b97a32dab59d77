"""The form that confirms an action on selected invitations, on pages and in the admin."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy

from core.ids import parse_uuid, uuid7
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS, MAX_LIFETIME_DAYS
from invitations.bulk.many_actions import ManyAction

BETWEEN_IDS = ","


class SelectionForm(forms.Form):
    """The ids of the invitations, and when they expire. ``once`` is unique to each form that a page shows."""

    ids = forms.CharField(widget=forms.HiddenInput)
    once = forms.CharField(widget=forms.HiddenInput, required=False)
    lifetime_days = forms.IntegerField(
        label=gettext_lazy("Days until they expire, from today"),
        min_value=1,
        max_value=MAX_LIFETIME_DAYS,
        initial=DEFAULT_LIFETIME_DAYS,
    )

    def clean_ids(self) -> list[UUID]:
        """Return the ids. Leave out what is no id."""
        return uuids_in(self.cleaned_data["ids"].split(BETWEEN_IDS))


def selection_form(action: ManyAction, data: Any, ids: Sequence[UUID] = ()) -> SelectionForm:
    """Return the form that confirms the action on these invitations."""
    form = SelectionForm(data, initial={"ids": BETWEEN_IDS.join(map(str, ids)), "once": uuid7().hex})
    if action.extends:
        form.initial["lifetime_days"] = MAX_LIFETIME_DAYS  # the usual lifetime would extend few of them
    if action.ends:
        del form.fields["lifetime_days"]
    return form


def uuids_in(texts: Sequence[str]) -> list[UUID]:
    """Return the ids among these texts, each once."""
    return list(dict.fromkeys(found for text in texts if (found := parse_uuid(text))))
