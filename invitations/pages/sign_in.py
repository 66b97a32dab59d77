"""The sign-in and sign-up pages of an invitation. Both redirect back to the invitation.

The pages are the same for every visitor, so that they do not reveal whether the invited address has an account.
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


class InvitationAuthMixin:
    """Base of both pages. Each belongs to one invitation and redirects back to it."""

    request: HttpRequest
    page_state: PageState

    def dispatch(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Redirect to the invitation if the visitor is signed in, or if the invitation cannot be answered."""
        try:
            self.page_state = page_state_of(request, invitation_id)
        except InvitationNotFound as refusal:
            return show_refusal(request, refusal)
        if self.page_state.is_signed_in or self.page_state.refusal():
            return redirect("invitation", invitation_id)
        response: HttpResponse = super().dispatch(request)  # type: ignore[misc]
        return response

    def get_success_url(self) -> str:
        """Return the URL of the invitation page. Ignore the parameter `next`."""
        return reverse("invitation", args=[self.page_state.invitation.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the invitation and its organization."""
        invitation = self.page_state.invitation
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"invitation": invitation, "organization": invitation.organization}


class InvitedSignIn(InvitationAuthMixin, LoginView):
    """Sign in. The invited address is filled in and can be changed."""

    template_name = "invitations/sign_in.html"

    def get_initial(self) -> dict[str, Any]:
        """Fill in the invited address."""
        return {**super().get_initial(), "login": self.page_state.invitation.email}


class InvitedSignUp(InvitationAuthMixin, SignupView):
    """Create an account for the invited address. Only the emailed link (`Purpose.EMAILED`) verifies the address."""

    template_name = "invitations/sign_up.html"

    def get_form_class(self) -> type[InvitedSignUpForm]:
        """Return the form with a read-only address."""
        return InvitedSignUpForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the address, and whether the link proves access to its mailbox."""
        fixed = {"address": self.page_state.invitation.email, "proves_mailbox": self.page_state.proves_mailbox}
        return {**super().get_form_kwargs(), **fixed}
