"""The invitee's pages: what the mailed link opens, and the answers. GET, HEAD and OPTIONS change nothing.

Which page shows which state: ``visits.py`` and ``rendering.py``. Signing in and up on the way: ``entrance.py``.
"""

from math import ceil
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.pages.verification import send_verification
from accounts.sessions import request_session_rotation
from core.errors import DomainError, LimitReached
from core.languages import activate_language, remember_language
from invitations.actions import answering
from invitations.lookups import find_shown
from invitations.models import Invitation
from invitations.pages.forms import DeclineForm
from invitations.pages.link_session import remember
from invitations.pages.page_state import PageState, page_state_of, status_of
from invitations.pages.page_templates import no_more_emails, show, show_refusal
from invitations.refusals import InvitationNotFound, NewerEmailSent
from invitations.tokens import read_token
from orgs.locks import memberships_of
from orgs.pages.logos import allow_logos


class Home(View):
    """The way in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Greet visitors; whoever is signed in goes on to their invitations."""
        return redirect("my-invitations") if request.user.is_authenticated else render(request, "home.html")


class MyInvitations(LoginRequiredMixin, View):
    """What is open to the signed-in user's proven addresses, and where they belong already."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what waits for an answer, what waits for a seat, and the organizations."""
        user = cast("User", request.user)
        mine = Invitation.objects.addressed_to(user).with_details()
        invitations = [*mine.open().order_by("-created_at", "-id"), *mine.waiting()]
        memberships = memberships_of(user)
        context = {"invitations": invitations, "memberships": memberships}
        response = render(request, "invitations/my_invitations.html", context)
        return allow_logos(response, [row.organization for rows in (invitations, memberships) for row in rows])


class OpenLink(View):
    """The mailed link: the session remembers what its token proves, and the token leaves the address."""

    @method_decorator(sensitive_variables("token"))
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Lead to the invitation; 404 for a token that is none of ours, 410 for one from an older mail."""
        proof = read_token(token)
        if proof is None:
            return show_refusal(request, InvitationNotFound())
        try:
            invitation = find_shown(proof.invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        activate_language(invitation.effective_language)
        if invitation.is_open and proof.generation != invitation.generation:
            return show_refusal(request, NewerEmailSent(), invitation)
        remember(request.session, proof)
        remember_language(request.session, invitation.effective_language)
        return redirect("invitation", invitation.pk)


class InvitationPage(View):
    """One invitation."""

    def get(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Show everything about it, as it is now, before asking for anything."""
        try:
            return show(request, page_state_of(request, invitation_id))
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)


class PageButton(View):
    """A button of the page: it acts and leads back to the page, which then says what came of it."""

    leads_to = "invitation"

    def post(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Act; where that is refused, show the page as things are now, with the refusal's status."""
        try:
            return self.press(page_state_of(request, invitation_id)) or redirect(self.leads_to, invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        except LimitReached as limit:
            page = show(
                request,
                page_state_of(request, invitation_id),
                status=status_of(limit),
                wait=ceil(limit.retry_after / 60),
            )
            page["Retry-After"] = str(limit.retry_after)
            return page
        except DomainError as refusal:
            return show(request, page_state_of(request, invitation_id), status=status_of(refusal))

    def press(self, visit: PageState) -> HttpResponse | None:
        """What the button does; a response only where the page needs another try."""
        raise NotImplementedError


class Accept(PageButton):
    """Yes."""

    def press(self, visit: PageState) -> None:
        """Accept; the page that follows brings a new session key."""
        answering.accept(by=visit.by, invitation_id=visit.invitation.pk, proof=visit.proof)
        request_session_rotation(self.request, visit.by)


class Decline(PageButton):
    """No, and perhaps why, and perhaps no more mails."""

    def press(self, visit: PageState) -> HttpResponse | None:
        """Decline; a reason that cannot be taken comes back with what is wrong about it."""
        form = DeclineForm(self.request.POST)
        if not form.is_valid():
            return show(self.request, visit, status=400, form=form)
        answering.decline(by=visit.by, invitation_id=visit.invitation.pk, proof=visit.proof, **form.cleaned_data)
        scope = form.cleaned_data["unsubscribe_from"]
        if scope is not None:
            # Told to whoever chose it, once: the page itself is also for holders of a link that tells them nothing.
            messages.success(self.request, no_more_emails(visit.invitation, scope))
        return None


class AskAgain(PageButton):
    """Please invite me anew."""

    def press(self, visit: PageState) -> None:
        """Ask whoever invited."""
        answering.ask_again(by=visit.by, invitation_id=visit.invitation.pk, proof=visit.proof)


class SwitchAccount(PageButton):
    """From the wrong account to the right one; the invitation stays as it is."""

    leads_to = "invitation-sign-in"

    def press(self, visit: PageState) -> None:
        """Sign out, and keep nothing of the session but what the link of this invitation proved."""
        logout(self.request)
        if visit.proof:
            remember(self.request.session, visit.proof)
        remember_language(self.request.session, visit.invitation.effective_language)


class SendVerification(PageButton):
    """The account has the invited address, unproven: mail it a link that proves it."""

    def press(self, visit: PageState) -> None:
        """Send it, once in a few minutes at most."""
        if visit.by.user:
            send_verification(self.request, visit.by.user, visit.invitation.email)
