"""The pages that resend, extend or withdraw the invitations that were selected on *People*: a question, then a result.

A GET request has the ids of the invitations, or the filters of *People* for all invitations in that list. The form that
confirms has the ids, so that nothing else is changed than what the page showed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.addresses import displayed_address
from core.api.errors import problem_of
from core.csv_export import csv_response
from core.errors import DomainError
from invitations.bulk.many_actions import MANY_ACTIONS, ManyAction
from invitations.bulk.selection import SelectedResult, SelectedVerdict
from invitations.bulk.selection_form import BETWEEN_IDS, SelectionForm, selection_form, uuids_in
from invitations.models import Invitation
from invitations.pages.organization.people import PeopleFilterForm
from invitations.pages.organization.people_rows import People
from invitations.pages.organization.upload_drafts import opened_cells, sealed_cells
from invitations.pages.organization.verdicts import SHOWN_ROWS, sending_time
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

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask."""
        ids = self._all_ids() if ALL in request.GET else uuids_in(request.GET.getlist(IDS))
        if len(ids) > self.action.limit:
            return self._refuse(422, self._too_many())
        if not ids:
            return self._refuse(400, self._none_found())
        return self._ask(ids, selection_form(self.action, None, ids))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Call the action, or send its result as a CSV file."""
        if "result" in request.POST:
            return self._download(request.POST["result"])
        form = selection_form(self.action, request.POST)
        if not form.is_valid():
            ids = uuids_in(request.POST.get("ids", "").split(BETWEEN_IDS))
            return self._ask(ids[: self.action.limit], form, 400)
        ids = form.cleaned_data.pop("ids")
        try:
            results = self.action.run(
                by=self.by, organization_id=self.organization.pk, invitation_ids=ids, **form.cleaned_data
            )
        except DomainError as refusal:
            return self._refuse(problem_of(refusal).status, refusal_text(refusal))
        return self._show_result(results)

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

    def _show_result(self, results: Sequence[SelectedResult]) -> HttpResponse:
        found = Counter(result.verdict for result in results)
        rows = sorted(results, key=lambda result: result.has_changed)[:SHOWN_ROWS]
        return self.show(
            "organizations/selected_result.html",
            title=self.action.done(sum(result.has_changed for result in results)),
            counts=[(verdict.label, found[verdict]) for verdict in SelectedVerdict if found[verdict]],
            rows=[(result, reason_of(result)) for result in rows],
            left=len(results) - len(rows),
            result=sealed_cells([result_cells(result) for result in results], self.by, self.organization.pk),
        )

    def _download(self, result: str) -> HttpResponseBase:
        cells = opened_cells(result, self.by, self.organization.pk)
        if cells is None:
            return self._refuse(400, _("The result is too old. See the page People."))
        return csv_response("invitations.csv", (_("Email address"), _("Result"), _("Reason")), cells)


def reason_of(result: SelectedResult) -> str:
    """Return more about the verdict, or an empty text."""
    if result.verdict == SelectedVerdict.SCHEDULED:
        return sending_time(result.scheduled_for)
    return refusal_text(result.error) if result.error else ""


def result_cells(result: SelectedResult) -> list[str | int]:
    """Return the cells of a result in the CSV file."""
    address = displayed_address(result.invitation.email) if result.invitation else ""
    return [address, str(result.verdict.label), reason_of(result)]


class ResendSelected(SelectedInvitationsPage):
    """Send the invitations again."""

    action = MANY_ACTIONS["resend"]


class ExtendSelected(SelectedInvitationsPage):
    """Let the invitations expire later."""

    action = MANY_ACTIONS["extend"]


class WithdrawSelected(SelectedInvitationsPage):
    """Withdraw the invitations."""

    action = MANY_ACTIONS["withdraw"]
