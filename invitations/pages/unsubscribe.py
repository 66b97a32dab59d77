"""Unsubscribe with the link in an email, and undo it. GET, HEAD and OPTIONS change nothing."""

from typing import cast
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.principals import LINK_HOLDER
from accounts.sessions import session_principal
from core.languages import activate_language
from invitations.email.address_hashes import SuppressionScope
from invitations.email.suppressions import (
    SuppressionNotFound,
    find_emailed,
    remove_suppression,
    suppressions_of,
    unsubscribe,
)
from invitations.pages.page_templates import no_more_emails, show_refusal
from invitations.refusals import InvitationNotFound
from invitations.tokens import Purpose, read_token
from orgs.pages.logos import allow_logos


# The credential is the token in the URL, not a cookie, so CSRF is not possible. Email clients have no CSRF cookie.
@method_decorator([csrf_exempt, sensitive_variables("token")], name="dispatch")
class Unsubscribe(View):
    """The unsubscribe link in emails to invitees. Email clients also use it for one-click unsubscribe (RFC 8058)."""

    def dispatch(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Find the invitation for the token. It can be in any state."""
        proof = read_token(token, [Purpose.UNSUBSCRIBE])
        try:
            if proof is None:
                raise InvitationNotFound
            self.proof, self.invitation = proof, find_emailed(proof.invitation_id)
            activate_language(request, self.invitation.effective_language)
            return super().dispatch(request)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask whether to unsubscribe from this organization or from all organizations."""
        return self._page("unsubscribe")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Unsubscribe. One click in an email client unsubscribes from the organization that sent the email."""
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        chosen = SuppressionScope.ORGANIZATION if one_click else request.POST.get("scope", "")
        if chosen not in SuppressionScope.__members__.values():
            return self._page("unsubscribe", status=400)
        unsubscribe(by=LINK_HOLDER, invitation_id=self.invitation.pk, scope=SuppressionScope(chosen), proof=self.proof)
        return self._page("unsubscribe_done", confirmation=no_more_emails(self.invitation, SuppressionScope(chosen)))

    def _page(self, name: str, status: int = 200, **context: object) -> HttpResponse:
        context |= {"invitation": self.invitation, "organization": self.invitation.organization}
        page = render(self.request, f"invitations/{name}.html", context, status=status)
        return allow_logos(page, [self.invitation.organization])


class EmailPreferences(LoginRequiredMixin, View):
    """The suppressions of the user's verified addresses."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the suppressions, each with a button that removes it."""
        suppressions = suppressions_of(cast("User", request.user))
        return render(request, "invitations/email_preferences.html", {"suppressions": suppressions})


class AllowEmails(LoginRequiredMixin, View):
    """Remove a suppression."""

    def post(self, request: HttpRequest, suppression_id: UUID) -> HttpResponse:
        """Remove the suppression. If it does not exist, do nothing."""
        by = session_principal(request)
        try:
            if by is not None:
                remove_suppression(by=by, suppression_id=suppression_id)
        except SuppressionNotFound:
            pass
        return redirect("email-preferences")
