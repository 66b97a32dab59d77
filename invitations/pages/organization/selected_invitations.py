"""The pages that resend, extend or withdraw the invitations that were selected on *People*: a question, then a result.

A GET request has the ids of the invitations, or the filters of *People* for all invitations in that list. The form that
confirms has the ids, so that nothing else is changed than what the page showed. The result is stored, so that a reload
changes nothing again.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.pages.once import RESULT, form_key, once_for, result_for
from core.addresses import displayed_address
from core.api.errors import problem_of
from core.csv_export import csv_response
from core.errors import DomainError
from core.ids import uuid7
from invitations.bulk.many_actions import MANY_ACTIONS, ManyAction
from invitations.bulk.results import DOWNLOAD, selection_from, stored_selection
from invitations.bulk.selection import SelectedResult, SelectedVerdict
from invitations.bulk.selection_form import BETWEEN_IDS, SelectionForm, selection_form, uuids_in
from invitations.bulk.verdicts import SHOWN_ROWS
from invitations.models import Invitation
from invitations.pages.organization.people import PeopleFilterForm
from invitations.pages.organization.people_rows import People
from orgs import policies
from orgs.pages.organization_page import OrganizationPage
from orgs.pages.refusal_texts import refusal_text

ALL, IDS = "all", "id"


class SelectedInvitationsPage(OrganizationPage):
    """Asks before it calls the action on the selected invitations, and then shows what became of each."""

    view = "organization-people"
    action: ClassVar[ManyAction]

    def find(self, **kwargs: Any) -> None:
        """Require that the reader manages members. Raises PermissionMissing."""
        policies.require_any_member_management(self.by, self.organization)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Ask, or show or download a result."""
        if RESULT in request.GET:
            return self._show_result(request.GET[RESULT])
        ids = self._all_ids() if ALL in request.GET else uuids_in(request.GET.getlist(IDS))
        if len(ids) > self.action.limit:
            return self._refuse(422, self._too_many())
        if not ids:
            return self._refuse(400, self._none_found())
        return self._ask(ids, selection_form(self.action, None, ids))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Call the action once for each form, and lead to the result."""
        form = selection_form(self.action, request.POST)
        if not form.is_valid():
            ids = uuids_in(request.POST.get("ids", "").split(BETWEEN_IDS))
            return self._ask(ids[: self.action.limit], form, 400)
        given = form.cleaned_data
        key = form_key(given.pop("once") or uuid7(), given)
        try:
            once_for(self.by, self._operation, key, lambda: stored_selection(self._run(**given)))
        except DomainError as refusal:
            return self._refuse(problem_of(refusal).status, refusal_text(refusal))
        return HttpResponseRedirect(f"{request.path}?{RESULT}={key}")

    @property
    def _operation(self) -> str:
        return f"{self.action.possible} {self.organization.pk}"

    def _run(self, ids: Sequence[UUID], **options: Any) -> Sequence[SelectedResult]:
        where: dict[str, Any] = {"by": self.by, "organization_id": self.organization.pk}
        return self.action.run(**where, invitation_ids=ids, **options)

    def _all_ids(self) -> list[UUID]:
        form = PeopleFilterForm(self.request.GET)
        form.offer(self.by, self.organization, self.permissions)
        if not form.is_valid():
            return []
        people = People(self.by, self.organization, self.permissions, form.wanted)
        return people.invitation_ids(self.action.states, self.action.limit + 1)

    def _ask(self, ids: Sequence[UUID], form: SelectionForm, status: int = 200) -> HttpResponse:
        found = Invitation.objects.manageable_with(self.permissions, self.organization).filter(pk__in=ids)
        shown = list(found.with_details().newest_first()[:SHOWN_ROWS])
        texts = {"question": self.action.question(len(ids)), "left": len(ids) - len(shown)}
        return self.show("organizations/selected.html", status, form=form, rows=shown, action=self.action, **texts)

    def _refuse(self, status: int, text: str) -> HttpResponse:
        back = self.address_of(self.view)
        return self.show("organizations/refused.html", status, refusal=text, back_address=back)

    def _none_found(self) -> str:
        if ALL in self.request.GET:
            return _("This isn't possible for any invitation in the list.")
        return _("Select the invitations first.")

    def _too_many(self) -> str:
        limit = self.action.limit
        text = ngettext(
            "You can select at most %(limit)d invitation at once. Search or filter for fewer.",
            "You can select at most %(limit)d invitations at once. Search or filter for fewer.",
            limit,
        )
        return text % {"limit": limit}

    def _show_result(self, key: str) -> HttpResponseBase:
        stored = result_for(self.by, self._operation, key)
        if stored is None:
            return self._refuse(404, _("The result is too old. See the page People."))
        managed = Invitation.objects.manageable_with(self.permissions, self.organization)
        rows = selection_from(stored, managed)
        if DOWNLOAD in self.request.GET:
            header = (_("Email address"), _("Result"), _("Reason"))
            return csv_response("invitations.csv", header, [_cells(*row) for row in rows])
        found = Counter(result.verdict for result, _reason in rows)
        return self.show(
            "organizations/selected_result.html",
            title=self.action.done(sum(result.has_changed for result, _reason in rows)),
            counts=[(verdict.label, found[verdict]) for verdict in SelectedVerdict if found[verdict]],
            rows=sorted(rows, key=lambda row: row[0].has_changed)[:SHOWN_ROWS],
            left=max(0, len(rows) - SHOWN_ROWS),
            download=f"?{RESULT}={key}&{DOWNLOAD}=1",
        )


def _cells(result: SelectedResult, reason: str) -> list[str | int]:
    address = displayed_address(result.invitation.email) if result.invitation else ""
    return [address, str(result.verdict.label), reason]


class ResendSelected(SelectedInvitationsPage):
    """Send the invitations again."""

    action = MANY_ACTIONS["resend"]


class ExtendSelected(SelectedInvitationsPage):
    """Let the invitations expire later."""

    action = MANY_ACTIONS["extend"]


class WithdrawSelected(SelectedInvitationsPage):
    """Withdraw the invitations."""

    action = MANY_ACTIONS["withdraw"]
