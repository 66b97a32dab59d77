"""Signing in and up on the way to an invitation, and straight back to it.

Both pages are offered to everybody alike: whether the invited address has an account is not for a page to tell.
"""

from typing import Any
from uuid import UUID

from allauth.account.views import LoginView, SignupView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from invitations.pages.forms import InvitedSignUpForm
from invitations.pages.page_state import PageState, page_state_of
from invitations.pages.page_templates import show_refusal
from invitations.refusals import InvitationNotFound


class FromInvitation:
    """What both pages share: they belong to one invitation, and lead back to it."""

    request: HttpRequest
    visit: PageState

    def dispatch(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Ask for nothing that the invitation's state makes pointless: its own page says so instead."""
        try:
            self.visit = page_state_of(request, invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        if self.visit.is_signed_in or self.visit.refusal():
            return redirect("invitation", invitation_id)
        response: HttpResponse = super().dispatch(request)  # type: ignore[misc]
        return response

    def get_success_url(self) -> str:
        """Back to the invitation, whatever ``next`` says."""
        return reverse("invitation", args=[self.visit.invitation.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the invitation."""
        invitation = self.visit.invitation
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"invitation": invitation, "organization": invitation.organization}


class InvitedSignIn(FromInvitation, LoginView):
    """Sign in, with the invited address filled in; another one may be typed."""

    template_name = "invitations/sign_in.html"

    def get_initial(self) -> dict[str, Any]:
        """The invited address."""
        return {**super().get_initial(), "login": self.visit.invitation.email}


class InvitedSignUp(FromInvitation, SignupView):
    """Make an account for the invited address; the mailed link has verified it, a listed one has not."""

    template_name = "invitations/sign_up.html"

    def get_form_class(self) -> type[InvitedSignUpForm]:
        """The form whose address is fixed."""
        return InvitedSignUpForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Adds the address and whether the link proves it."""
        fixed = {"address": self.visit.invitation.email, "proven": self.visit.proves_mailbox}
        return {**super().get_form_kwargs(), **fixed}
