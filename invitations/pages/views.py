"""The invitation pages: open a link, accept, decline. GET, HEAD and OPTIONS change no invitation.

`page_state.py` and `page_templates.py` choose the page for each state. `sign_in.py` has the sign-in and sign-up pages.
"""

from dataclasses import replace
from math import ceil
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.pages.verification import send_verification
from accounts.sessions import request_session_rotation
from core.errors import DomainError, LimitReached, Unauthenticated
from core.languages import activate_language, remember_language
from core.page_lists import PAGE_SIZE, Chained, page_of
from invitations.actions import answering, answering_together, mailbox_proof
from invitations.lookups import find_shown
from invitations.models import Invitation
from invitations.pages.forms import DeclineForm
from invitations.pages.link_session import store_proof
from invitations.pages.page_state import PageState, page_state_of, status_of
from invitations.pages.page_templates import gained, no_more_emails, show, show_decline, show_how_to_open, show_refusal
from invitations.refusals import InvitationNotFound, NewerEmailSent
from invitations.tokens import read_token
from orgs.access import memberships_of
from orgs.pages.logos import allow_logos


class MyInvitations(LoginRequiredMixin, View):
    """The invitations to the user's verified addresses, and the first of the user's organizations."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the open invitations, the invitations that wait for a seat, and the user's organizations."""
        user = cast("User", request.user)
        mine = Invitation.objects.addressed_to(user).with_details()
        page = page_of(request, Chained(mine.open().order_by("-created_at", "-id"), mine.waiting()))
        first = list(memberships_of(user)[: PAGE_SIZE + 1])
        memberships, invitations = first[:PAGE_SIZE], page.rows
        context = {"page": page, "memberships": memberships, "has_more_memberships": len(first) > PAGE_SIZE}
        response = render(request, "invitations/my_invitations.html", context)
        return allow_logos(response, [row.organization for rows in (invitations, memberships) for row in rows])


class OpenLink(View):
    """The link of an invitation. The view stores the proof in the session and redirects to a URL without the token."""

    @method_decorator(sensitive_variables("token"))
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Redirect to the invitation. An invalid token returns 404. A token from an older email returns 410."""
        proof = read_token(token)
        if proof is None:
            return show_refusal(request, InvitationNotFound())
        try:
            invitation = find_shown(proof.invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        activate_language(request, invitation.effective_language)
        if invitation.is_open and proof.generation != invitation.generation:
            return show_refusal(request, NewerEmailSent(), invitation)
        if not invitation.is_open:  # another invitation that shares the email may be open
            others = Invitation.objects.sharing_email_with(invitation.pk)
            proof = replace(proof, invitation_id=others[0]) if others else proof
        store_proof(request.session, proof)
        remember_language(request.session, invitation.effective_language)
        return redirect("invitation", proof.invitation_id)


class InvitationPage(View):
    """The page of one invitation."""

    def get(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Show the invitation in its current state. Visitors with the link need not sign in.

        Visitors without it see how to open the invitation. They see the same page if there is no such invitation.
        """
        try:
            return show(request, page_state_of(request, invitation_id))
        except InvitationNotFound:
            return show_how_to_open(request, invitation_id)


class PageButton(View):
    """Base of the buttons: run an action and redirect to the page, which shows the result."""

    redirect_to = "invitation"

    def get(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Redirect to the page and change nothing. After an error, the address of the button is in the address bar."""
        return redirect("invitation", invitation_id)

    def post(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Run the action. If the action fails, show the current page with the HTTP status of the error."""
        try:
            return self.press(page_state_of(request, invitation_id)) or redirect(self.redirect_to, invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        except Unauthenticated:  # the session ended during this request
            return redirect_to_login(reverse("invitation", args=[invitation_id]))
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

    def press(self, page_state: PageState) -> HttpResponse | None:
        """Run the action. Return a response to show it instead of the redirect."""
        raise NotImplementedError


class Accept(PageButton):
    """Accept the invitation, and the others that the page shows."""

    def press(self, page_state: PageState) -> HttpResponse | None:
        """Accept the invitation and lead to the user's invitations, which say what the user got.

        If the organization names a page to continue to, lead to the invitation, which links to it. While the user waits
        for a seat, show the invitation. The next page rotates the session key, because the user
        has more permissions.
        """
        by, invitation_id = page_state.by, page_state.invitation.pk
        results = answering_together.accept_all(by=by, invitation_id=invitation_id, proof=page_state.proof)
        request_session_rotation(self.request, by)
        if results[0].membership is None:
            return None
        messages.success(self.request, gained(results))
        return None if page_state.invitation.organization.continue_url else redirect("my-invitations")


class Decline(PageButton):
    """Ask whether to decline, then decline the invitation, with an optional reason and an optional unsubscribe."""

    def get(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Show the confirmation page. Visitors who can't decline are redirected to the invitation."""
        try:
            page_state = page_state_of(request, invitation_id)
        except InvitationNotFound:
            return super().get(request, invitation_id)
        if page_state.refusal() is not None or not page_state.may_decline:
            return super().get(request, invitation_id)
        return show_decline(request, page_state, DeclineForm())

    def press(self, page_state: PageState) -> HttpResponse | None:
        """Decline the invitation. If the form is invalid, show it again with its errors."""
        form = DeclineForm(self.request.POST)
        if not form.is_valid():
            return show_decline(self.request, page_state, form, status=400)
        by, invitation_id = page_state.by, page_state.invitation.pk
        answering_together.decline_all(by=by, invitation_id=invitation_id, proof=page_state.proof, **form.cleaned_data)
        scope = form.cleaned_data["unsubscribe_from"]
        if scope is not None:
            # Use a message because only this visitor sees it. Others who have the link can see the page too.
            messages.success(self.request, no_more_emails(page_state.invitation, scope))
        return None


class AskAgain(PageButton):
    """Ask the inviter for a new invitation."""

    def press(self, page_state: PageState) -> None:
        """Queue an email to the inviter."""
        answering.ask_again(by=page_state.by, invitation_id=page_state.invitation.pk, proof=page_state.proof)


class SwitchAccount(PageButton):
    """Sign out of the wrong account. The invitation does not change."""

    redirect_to = "invitation-sign-in"

    def press(self, page_state: PageState) -> None:
        """Sign out. Keep only the proof for this invitation and its language in the session."""
        logout(self.request)
        if page_state.proof:
            store_proof(self.request.session, page_state.proof)
        remember_language(self.request.session, page_state.invitation.effective_language)


class SendVerification(PageButton):
    """Send a verification email to an account that has the invited address but has not verified it."""

    def press(self, page_state: PageState) -> None:
        """Send the email. The rate limit is one email in a few minutes."""
        if page_state.by.user:
            send_verification(self.request, page_state.by.user, page_state.invitation.email)


class AddAddress(PageButton):
    """Add the invited address to the account, because the emailed link proves access to the mailbox."""

    def press(self, page_state: PageState) -> None:
        """Add the address. The next page then shows the invitation with its buttons."""
        if page_state.proof is not None:
            by, invitation_id = page_state.by, page_state.invitation.pk
            mailbox_proof.add_invited_address(by=by, invitation_id=invitation_id, proof=page_state.proof)
