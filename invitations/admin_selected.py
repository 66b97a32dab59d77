"""What staff do with the invitations that they select in the list: send them again, extend or withdraw them.

Django's action shows a page that asks. Its form has the ids of the invitations, which may be those of several
organizations: each organization is a transaction of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_buttons import ActionAdmin, reasons_of, staff_of
from accounts.principals import Principal
from core.addresses import displayed_address
from core.errors import DomainError
from invitations.bulk.many_actions import MANY_ACTIONS, ManyAction
from invitations.bulk.selection import SelectedResult, SelectedVerdict
from invitations.bulk.selection_form import SelectionForm, selection_form
from invitations.models import Invitation

MAX_NAMED = 10  # addresses in a message
MAX_LISTED = 100  # invitations on the page that asks
LIST = "admin:invitations_invitation_changelist"


class SelectedInvitations(ActionAdmin):
    """The actions of the list of invitations."""

    actions = ("resend_selected", "extend_selected", "withdraw_selected")

    def get_urls(self) -> list[URLPattern]:
        """Return the pattern of the form that confirms, followed by the other patterns."""
        view = self.admin_site.admin_view(self.do_with_selected)
        return [path("selected/<slug:name>", view, name="invitations_invitation_selected"), *super().get_urls()]

    @admin.action(description=gettext_lazy("Send again"), permissions=["change"])
    def resend_selected(self, request: HttpRequest, selected: QuerySet[Invitation]) -> HttpResponse | None:
        """Ask before the invitations are sent again."""
        return self._ask_about(request, "resend", selected)

    @admin.action(description=gettext_lazy("Extend"), permissions=["change"])
    def extend_selected(self, request: HttpRequest, selected: QuerySet[Invitation]) -> HttpResponse | None:
        """Ask until when the invitations are extended."""
        return self._ask_about(request, "extend", selected)

    @admin.action(description=gettext_lazy("Withdraw"), permissions=["change"])
    def withdraw_selected(self, request: HttpRequest, selected: QuerySet[Invitation]) -> HttpResponse | None:
        """Ask before the invitations are withdrawn."""
        return self._ask_about(request, "withdraw", selected)

    def do_with_selected(self, request: HttpRequest, name: str) -> HttpResponse:
        """Call the action for the invitations of each organization. The verdicts become messages."""
        if name not in MANY_ACTIONS or not self.has_view_permission(request):
            raise PermissionDenied
        by = staff_of(request, self._permission("change"))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        action = MANY_ACTIONS[name]
        form = selection_form(action, request.POST)
        if not form.is_valid():
            ids = form.cleaned_data.get("ids", [])
            return self._confirmation(request, name, form, Invitation.objects.filter(pk__in=ids[: action.limit]))
        ids = form.cleaned_data.pop("ids")
        options = {name: value for name, value in form.cleaned_data.items() if name != "once"}
        if len(ids) > action.limit:
            messages.error(request, too_many(action))
        else:
            tell(request, action, run_on_each(action, by, ids, options))
        return HttpResponseRedirect(with_query(request, reverse(LIST)))

    def _ask_about(self, request: HttpRequest, name: str, selected: QuerySet[Invitation]) -> HttpResponse | None:
        action = MANY_ACTIONS[name]
        ids = list(selected.values_list("pk", flat=True)[: action.limit + 1])
        if len(ids) > action.limit:
            messages.error(request, too_many(action))
            return None
        return self._confirmation(request, name, selection_form(action, None, ids), selected)

    def _confirmation(
        self, request: HttpRequest, name: str, form: SelectionForm, selected: QuerySet[Invitation]
    ) -> HttpResponse:
        action, total = MANY_ACTIONS[name], selected.count()
        address = reverse("admin:invitations_invitation_selected", args=[name])
        shown = {
            "title": action.question(total),
            "opts": self.opts,
            "may_view": True,
            "action": action,
            "form": form,
            "rows": selected[:MAX_LISTED],
            "left": max(0, total - MAX_LISTED),
            "address": with_query(request, address),
            "list_address": with_query(request, reverse(LIST)),
        }
        return TemplateResponse(
            request, "admin/selected_invitations.html", {**self.admin_site.each_context(request), **shown}
        )


def with_query(request: HttpRequest, address: str) -> str:
    """Return the address with the query of the request: the search and the filters of the list."""
    query = request.GET.urlencode()
    return f"{address}?{query}" if query else address


def run_on_each(
    action: ManyAction, by: Principal, ids: Sequence[UUID], options: dict[str, Any]
) -> list[SelectedResult | DomainError]:
    """Call the action for the invitations of each organization. Return the results, or why an organization has none."""
    of_organization = defaultdict(list)
    for organization, pk in Invitation.objects.filter(pk__in=ids).order_by("id").values_list("organization_id", "pk"):
        of_organization[organization].append(pk)
    results: list[SelectedResult | DomainError] = []
    for organization, found in of_organization.items():
        try:
            results += action.run(by=by, organization_id=organization, invitation_ids=found, **options)
        except DomainError as refusal:
            results.append(refusal)
    return results


def tell(request: HttpRequest, action: ManyAction, results: Sequence[SelectedResult | DomainError]) -> None:
    """Add a message for each verdict and reason. Those of refused invitations name the first addresses."""
    refused = defaultdict(list)
    changed = 0
    for result in results:
        if isinstance(result, DomainError):
            messages.error(request, " ".join(reasons_of(result)))
        elif result.has_changed:
            changed += 1
        else:
            refused[result.verdict, " ".join(reasons_of(result.error)) if result.error else ""].append(result)
    messages.add_message(request, messages.SUCCESS if changed else messages.WARNING, f"{action.done(changed)}.")
    for (verdict, reason), found in refused.items():
        messages.warning(request, f"{SelectedVerdict(verdict).label}: {_named(found)}. {reason}")


def too_many(action: ManyAction) -> str:
    """Return what the admin says about a selection with too many invitations."""
    text = ngettext("Select at most %(limit)d invitation.", "Select at most %(limit)d invitations.", action.limit)
    return text % {"limit": action.limit}


def _named(results: Sequence[SelectedResult]) -> str:
    addresses = [displayed_address(result.invitation.email) for result in results[:MAX_NAMED] if result.invitation]
    left = len(results) - len(addresses)
    return ", ".join([*addresses, *([_("%(number)d more") % {"number": left}] if left else [])])
