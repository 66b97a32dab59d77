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
from core.languages import speak
from invitations.email.address_hashes import Reach
from invitations.email.suppressions import MailRefusalNotFound, allow_mails, find_written_to, refusals_of, refuse_mails
from invitations.pages.page_templates import no_more_mails, show_refusal
from invitations.refusals import InvitationNotFound
from invitations.tokens import Purpose, read_token
from orgs.pages.logos import allow_logos


# The token in the address is all that counts here, and no page elsewhere knows it; mail programs send no cookie.
@method_decorator([csrf_exempt, sensitive_variables("token")], name="dispatch")
class NoMail(View):
    """The link in every mail to an invitee, which mail programs may also press (RFC 8058)."""

    def dispatch(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Find what the link is about; whatever became of that invitation, its mails can be refused."""
        proof = read_token(token, [Purpose.REFUSING])
        try:
            if proof is None:
                raise InvitationNotFound
            self.proof, self.invitation = proof, find_written_to(proof.invitation_id)
            speak(self.invitation.spoken_language)
            return super().dispatch(request)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask from whom."""
        return self._page("no_mail")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Refuse; a mail program's one click is about the organization that wrote."""
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        chosen = Reach.ORGANIZATION if one_click else request.POST.get("reach", "")
        if chosen not in Reach.__members__.values():
            return self._page("no_mail", status=400)
        refuse_mails(by=LINK_HOLDER, invitation_id=self.invitation.pk, reach=Reach(chosen), proof=self.proof)
        return self._page("no_mail_done", refused=no_more_mails(self.invitation, Reach(chosen)))

    def _page(self, name: str, status: int = 200, **context: object) -> HttpResponse:
        context |= {"invitation": self.invitation, "organization": self.invitation.organization}
        page = render(self.request, f"invitations/{name}.html", context, status=status)
        return allow_logos(page, [self.invitation.organization])


class MyMails(LoginRequiredMixin, View):
    """What the signed-in person's proven addresses have refused."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show each, with the way back."""
        return render(request, "invitations/my_mails.html", {"refusals": refusals_of(cast("User", request.user))})


class AllowMails(LoginRequiredMixin, View):
    """One of those, taken back."""

    def post(self, request: HttpRequest, refusal_id: UUID) -> HttpResponse:
        """Take it back; what is not there needs no taking back."""
        by = session_principal(request)
        try:
            if by is not None:
                allow_mails(by=by, refusal_id=refusal_id)
        except MailRefusalNotFound:
            pass
        return redirect("my-mails")
