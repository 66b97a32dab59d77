"""“Do not write to me again”, from the mail itself, and the way back. GET, HEAD and OPTIONS change nothing."""

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


# The token in the address is all that counts here, and no page elsewhere knows it; mail programs send no cookie.
@method_decorator([csrf_exempt, sensitive_variables("token")], name="dispatch")
class Unsubscribe(View):
    """The link in every mail to an invitee, which mail programs may also press (RFC 8058)."""

    def dispatch(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Find what the link is about; whatever became of that invitation, its mails can be refused."""
        proof = read_token(token, [Purpose.UNSUBSCRIBE])
        try:
            if proof is None:
                raise InvitationNotFound
            self.proof, self.invitation = proof, find_emailed(proof.invitation_id)
            activate_language(self.invitation.effective_language)
            return super().dispatch(request)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask from whom."""
        return self._page("unsubscribe")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Refuse; a mail program's one click is about the organization that wrote."""
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
    """What the signed-in person's proven addresses have refused."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show each, with the way back."""
        return render(
            request, "invitations/email_preferences.html", {"suppressions": suppressions_of(cast("User", request.user))}
        )


class AllowEmails(LoginRequiredMixin, View):
    """One of those, taken back."""

    def post(self, request: HttpRequest, suppression_id: UUID) -> HttpResponse:
        """Take it back; what is not there needs no taking back."""
        by = session_principal(request)
        try:
            if by is not None:
                remove_suppression(by=by, suppression_id=suppression_id)
        except SuppressionNotFound:
            pass
        return redirect("email-preferences")
