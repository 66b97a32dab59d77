"""Invite many people: paste them or choose a file, check a preview, then send.

All steps are at one address. ``upload_drafts`` carries the rows from the preview to the sending.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.api.errors import problem_of
from core.errors import DomainError
from invitations.bulk.rows import InviteRow
from invitations.bulk.uploads import invite_upload
from invitations.pages.organization.invite import OfferForm
from invitations.pages.organization.upload_drafts import Draft, fits_form, opened, opened_cells, sealed, sealed_cells
from invitations.pages.organization.verdicts import (
    JudgedRow,
    as_csv,
    cells_of,
    counts_of,
    judged,
    note_counts_of,
    people_in,
    shown_first,
)
from invitations.uploads.rows import UnreadableUpload, read_text, read_upload
from orgs import policies
from orgs.folded_names import fold_name
from orgs.labels import role_label
from orgs.models import Role
from orgs.pages.choices import RoleChoiceField
from orgs.pages.organization_page import OrganizationPage
from orgs.pages.refusal_texts import refusal_text
from orgs.permissions import Level
from orgs.policies import Grant

MAX_WORDS = 100
MAX_PASTED = 500_000  # characters. Not a ``max_length``, because browsers would cut a longer text without a word.
MAX_KEPT = 500_000  # characters of a pasted list that the preview keeps, so that its form does not become too large


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


class InviteManyPage(OrganizationPage):
    """The steps: ``list`` (GET), then POST with ``step`` preview, send, or download."""

    view = "organization-invite"

    def find(self, **kwargs: Any) -> None:
        """Require that the reader manages members. Raises PermissionMissing."""
        policies.require_any_member_management(self.by, self.organization)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask for the people."""
        return self._ask(self._list_form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Preview the list, or send the invitations of the preview."""
        if "result" in request.POST:
            return self._download_result(request.POST["result"])
        if "draft" not in request.POST:
            return self._take_list(self._list_form(request.POST, request.FILES))
        draft = opened(request.POST["draft"], self.by, self.organization.pk)
        if draft is None:
            form = self._list_form()
            return self._ask(form, 400, refusal=_("The preview is too old. Please choose the list again."))
        return self._take_step(request.POST.get("step", ""), draft, self._mapping_form(draft, request.POST))

    def _take_step(self, step: str, draft: Draft, mapping: MappingForm) -> HttpResponseBase:
        """Preview, send, download or change the list. Roles that no preview has shown are previewed before sending."""
        if step == "change":
            return self._change(draft)
        is_stale = step == "send" and mapping.chosen() != draft.roles
        step = "preview" if is_stale else step
        try:
            rows = self._run(draft, mapping, dry_run=step != "send")
        except DomainError as refusal:
            return self._ask(
                self._list_form(initial=draft.entered), problem_of(refusal).status, refusal=refusal_text(refusal)
            )
        if step == "download":
            return as_csv(cells_of(rows), "preview.csv")
        if step == "send":
            return self._show_result(rows)
        return self._show_preview(draft, mapping, rows, is_stale=is_stale)

    def _take_list(self, form: ListForm) -> HttpResponse:
        """Show the preview. If the button adds a row, or something is wrong, show the form again."""
        if form.adds_unit:
            return self._ask(form, refusal=_("Please choose the file again.") if self.request.FILES else "")
        return self._preview(self._draft(form.cleaned_data)) if form.is_valid() else self._ask(form, 400)

    def _run(self, draft: Draft, mapping: MappingForm, *, dry_run: bool) -> list[JudgedRow]:
        results = invite_upload(
            by=self.by,
            organization_id=self.organization.pk,
            upload=draft.in_units,
            default=draft.default,
            roles={word: UUID(role) for word, role in mapping.chosen().items()},
            lifetime_days=draft.lifetime_days,
            dry_run=dry_run,
        )
        return judged(draft.in_units.rows, results, {unit: label for unit, _role, label in draft.units})

    def _preview(self, draft: Draft) -> HttpResponse:
        mapping = self._mapping_form(draft)
        try:
            rows = self._run(draft, mapping, dry_run=True)
        except DomainError as refusal:
            return self._ask(
                self._list_form(initial=draft.entered), problem_of(refusal).status, refusal=refusal_text(refusal)
            )
        return self._show_preview(draft, mapping, rows)

    def _change(self, draft: Draft) -> HttpResponse:
        """Show the form again with what was entered. Browsers don't keep a file."""
        has_list = "people" in draft.entered
        refusal = "" if has_list else _("Please choose or paste the list again.")
        return self._ask(self._list_form(initial=draft.entered), refusal=refusal)

    def _ask(self, form: forms.Form, status: int = 200, refusal: str = "") -> HttpResponse:
        return self.show("organizations/invite_many.html", status, form=form, refusal=refusal)

    def _show_preview(
        self, draft: Draft, mapping: MappingForm, rows: list[JudgedRow], *, is_stale: bool = False
    ) -> HttpResponse:
        carried = sealed(replace(draft, roles=mapping.chosen()), self.by, self.organization.pk)
        if not fits_form(carried):
            refusal = _("The list is too large for this page. Divide it, or leave out columns that aren't needed.")
            return self._ask(self._list_form(initial=draft.entered), 413, refusal=refusal)
        return self.show(
            "organizations/invite_preview.html",
            form=mapping,
            is_stale=is_stale,
            draft=carried,
            source=draft.upload.format.label,
            **_summary(rows),
        )

    def _show_result(self, rows: list[JudgedRow]) -> HttpResponse:
        result = sealed_cells(cells_of(rows), self.by, self.organization.pk)
        result = result if fits_form(result) else ""
        return self.show("organizations/invite_result.html", result=result, **_summary(rows))

    def _download_result(self, result: str) -> HttpResponseBase:
        cells = opened_cells(result, self.by, self.organization.pk)
        if cells is None:
            return self._ask(self._list_form(), 400, refusal=_("The result is too old. See the page People."))
        return as_csv(cells, "invitations.csv")

    def _list_form(self, data: Any = None, files: Any = None, initial: Any = None) -> ListForm:
        form = ListForm(data, files, initial=initial)
        form.offer(self.by, self.organization, self.permissions)
        return form

    def _mapping_form(self, draft: Draft, data: Any = None) -> MappingForm:
        roles = Role.objects.usable_in(self.organization.pk).filter(level=Level.ORGANIZATION)
        given = [role.pk for role in roles if not self.permissions.missing_for(Grant(role))]
        offered = roles.filter(pk__in=given).order_by("organization_id", "created_at", "id")
        return MappingForm(draft.upload.role_words, offered, data)

    def _draft(self, given: dict[str, Any]) -> Draft:
        units = [
            (str(unit.pk), str(role.pk), _("%(unit)s, as %(role)s") % {"unit": unit.name, "role": role_label(role)})
            for unit, role in given["units"]
        ]
        roles_there = {role for _unit, role, _label in units}
        texts = {"language": given["language"], "message": given["message"]}
        default = InviteRow(
            email="",
            role=str(given["role_id"].pk),
            unit_role=roles_there.pop() if len(roles_there) == 1 else "",
            **texts,
        )
        return Draft(given["upload"], default, given["lifetime_days"], units, entered=self._entered())

    def _entered(self) -> dict[str, str]:
        """Return what was entered in the form, without a file and without an empty or very long list."""
        entered = {name: str(value) for name, value in self.request.POST.items() if name != "csrfmiddlewaretoken"}
        if not 0 < len(entered.get("people", "").strip()) <= MAX_KEPT:
            entered.pop("people", None)
        return entered


def _summary(rows: list[JudgedRow]) -> dict[str, Any]:
    shown = shown_first(rows)
    numbers = {"total": len({row.row.number for row in rows}), "left": len(rows) - len(shown), "good": people_in(rows)}
    return {"rows": shown, **numbers, "counts": counts_of(rows), "notes": note_counts_of(rows)}
