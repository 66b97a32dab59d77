"""The steps of inviting many people: paste them or choose a file, check a preview, send, see the result.

All steps are at one address, on a page of the organization and in the admin. ``upload_drafts`` carries the rows from
the preview to the sending. The result is stored, so that a reload of it invites nobody again.
"""

from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.pages.once import RESULT, form_key, once_for, result_for
from accounts.principals import Principal
from core.api.errors import problem_of
from core.errors import DomainError
from core.ids import uuid7
from invitations.bulk.list_forms import ListForm, MappingForm
from invitations.bulk.results import DOWNLOAD, rows_from, stored_rows
from invitations.bulk.rows import InviteRow
from invitations.bulk.upload_drafts import Draft, fits_form, opened, sealed
from invitations.bulk.uploads import invite_upload
from invitations.bulk.verdicts import (
    JudgedRow,
    as_csv,
    cells_of,
    counts_of,
    judged,
    note_counts_of,
    people_in,
    shown_first,
)
from orgs.labels import role_label
from orgs.models import Organization, Role
from orgs.pages.refusal_texts import refusal_text
from orgs.permissions import Level
from orgs.policies import EffectivePermissions, Grant

MAX_KEPT = 500_000  # characters of a pasted list that the preview keeps, so that its form does not become too large


class InviteSteps:
    """The steps. A subclass has the templates, the caller and the organization, and says how a page is shown."""

    list_template: ClassVar[str]
    preview_template: ClassVar[str]
    result_template: ClassVar[str]
    request: HttpRequest
    by: Principal
    organization: Organization
    permissions: EffectivePermissions

    def show(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """Render a template."""
        raise NotImplementedError

    def ask(self) -> HttpResponseBase:
        """Answer a GET request: ask for the people, or show or download a result."""
        if RESULT not in self.request.GET:
            return self._ask(self._list_form())
        rows = result_for(self.by, self._operation, self.request.GET[RESULT])
        if rows is None:
            return self._ask(self._list_form(), 404, refusal=_("The result is too old. See the page People."))
        found = rows_from(rows, self.organization)
        if DOWNLOAD in self.request.GET:
            return as_csv(cells_of(found), "invitations.csv")
        download = f"?{RESULT}={self.request.GET[RESULT]}&{DOWNLOAD}=1"
        return self.show(self.result_template, download=download, **_summary(found))

    def take(self) -> HttpResponseBase:
        """Answer a POST request: preview the list, or send the invitations of the preview."""
        posted = self.request.POST
        if "draft" not in posted:
            return self._take_list(self._list_form(posted, self.request.FILES))
        draft = opened(posted["draft"], self.by, self.organization.pk)
        if draft is None:
            form = self._list_form()
            return self._ask(form, 400, refusal=_("The preview is too old. Please choose the list again."))
        return self._take_step(posted.get("step", ""), draft, self._mapping_form(draft, posted))

    @property
    def _operation(self) -> str:
        return f"invite-many {self.organization.pk}"

    def _take_step(self, step: str, draft: Draft, mapping: MappingForm) -> HttpResponseBase:
        """Preview, send, download or change the list. Roles that no preview has shown are previewed before sending."""
        if step == "change":
            return self._change(draft)
        is_stale = step == "send" and mapping.chosen() != draft.roles
        if step == "send" and not is_stale:
            return self._send(draft, mapping)
        return self._preview(draft, mapping, is_stale=is_stale, as_file=step == "download")

    def _take_list(self, form: ListForm) -> HttpResponseBase:
        """Show the preview. If the button adds a row, or something is wrong, show the form again."""
        if form.adds_unit:
            return self._ask(form, refusal=_("Please choose the file again.") if self.request.FILES else "")
        if not form.is_valid():
            return self._ask(form, 400)
        draft = self._draft(form.cleaned_data)
        return self._preview(draft, self._mapping_form(draft))

    def _preview(
        self, draft: Draft, mapping: MappingForm, *, is_stale: bool = False, as_file: bool = False
    ) -> HttpResponseBase:
        try:
            rows = self._run(draft, mapping, dry_run=True)
        except DomainError as refusal:
            return self._refuse(draft, refusal)
        return as_csv(cells_of(rows), "preview.csv") if as_file else self._show_preview(draft, mapping, rows, is_stale)

    def _send(self, draft: Draft, mapping: MappingForm) -> HttpResponse:
        """Invite the people once for each preview, and lead to the result."""
        key = form_key(draft.key, draft.roles)
        try:
            once_for(self.by, self._operation, key, lambda: stored_rows(self._run(draft, mapping, dry_run=False)))
        except DomainError as refusal:
            return self._refuse(draft, refusal)
        return HttpResponseRedirect(f"{self.request.path}?{RESULT}={key}")

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

    def _refuse(self, draft: Draft, refusal: DomainError) -> HttpResponse:
        form = self._list_form(initial=draft.entered)
        return self._ask(form, problem_of(refusal).status, refusal=refusal_text(refusal))

    def _change(self, draft: Draft) -> HttpResponse:
        """Show the form again with what was entered. Browsers don't keep a file."""
        has_list = "people" in draft.entered
        refusal = "" if has_list else _("Please choose or paste the list again.")
        return self._ask(self._list_form(initial=draft.entered), refusal=refusal)

    def _ask(self, form: forms.Form, status: int = 200, refusal: str = "") -> HttpResponse:
        return self.show(self.list_template, status, form=form, refusal=refusal)

    def _show_preview(self, draft: Draft, mapping: MappingForm, rows: list[JudgedRow], is_stale: bool) -> HttpResponse:
        shown = replace(draft, roles=mapping.chosen(), key=uuid7().hex)
        carried = sealed(shown, self.by, self.organization.pk)
        if not fits_form(carried):
            refusal = _("The list is too large for this page. Divide it, or leave out columns that aren't needed.")
            return self._ask(self._list_form(initial=draft.entered), 413, refusal=refusal)
        return self.show(
            self.preview_template,
            form=mapping,
            is_stale=is_stale,
            draft=carried,
            source=draft.upload.format.label,
            **_summary(rows),
        )

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
