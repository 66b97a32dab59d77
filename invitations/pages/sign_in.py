"""The sign-in and sign-up pages of an invitation, and the page that sets a first password. All redirect back to it.

The pages are the same for every visitor, so that they do not reveal whether the invited address has an account. With
one exception: a visitor whose link proves access to the mailbox learns that the account has no password yet.
"""

from typing import Any, cast
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView

from accounts.actions.address_ownership import verified_owner
from accounts.pages.adapter import count_by_link
from accounts.pages.forms import NAME_LENGTH
from accounts.pages.sign_up import SignUp
from core.addresses import displayed_address
from core.errors import DomainError
from invitations.actions.mailbox_proof import set_first_password
from invitations.pages.forms import FirstPasswordForm, InvitedSignUpForm
from invitations.pages.page_state import PageState, page_state_of
from invitations.refusals import InvitationNotFound
from invitations.tokens import Proof


class InvitationAuthMixin:
    """Base of the pages. Each belongs to one invitation and redirects back to it."""

    request: HttpRequest
    page_state: PageState
    counts_by_link = False

    def dispatch(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Redirect to the invitation if the visitor is signed in, has no link, or cannot answer the invitation."""
        try:
            self.page_state = page_state_of(request, invitation_id)
        except InvitationNotFound:
            return redirect("invitation", invitation_id)
        if self.page_state.is_signed_in or self.page_state.refusal():
            return redirect("invitation", invitation_id)
        if self.counts_by_link and self.page_state.proves_mailbox:
            count_by_link(request, f"invitation-{invitation_id}")
        response: HttpResponse = super().dispatch(request)  # type: ignore[misc]
        return response

    def get_success_url(self) -> str:
        """Return the URL of the invitation page. Ignore the parameter `next`."""
        return reverse("invitation", args=[self.page_state.invitation.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the invitation, its organization, and whether the visitor may set a first password."""
        invitation, may_set_password = self.page_state.invitation, self.page_state.may_set_password
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        shown = {"invitation": invitation, "organization": invitation.organization}
        return context | shown | {"may_set_password": may_set_password}


class InvitedSignIn(InvitationAuthMixin, LoginView):
    """Sign in. The invited address is filled in and can be changed."""

    template_name = "invitations/sign_in.html"

    def get_initial(self) -> dict[str, Any]:
        """Fill in the invited address."""
        return {**super().get_initial(), "login": displayed_address(self.page_state.invitation.email)}


class InvitedSignUp(InvitationAuthMixin, SignUp):
    """Create an account for the invited address. Only the emailed link (`Purpose.EMAILED`) verifies the address."""

    template_name = "invitations/sign_up.html"
    counts_by_link = True  # sign-in does not: a link must not give further attempts to guess passwords

    def get_form_class(self) -> type[InvitedSignUpForm]:
        """Return the form with a read-only address."""
        return InvitedSignUpForm

    def get_initial(self) -> dict[str, Any]:
        """Fill in the name in the invitation, if there is one. The last word is taken for the last name."""
        first, _space, last = self.page_state.invitation.invitee_name.strip().rpartition(" ")
        names = {"first_name": first or last, "last_name": last if first else ""}
        return {**super().get_initial(), **{field: name[:NAME_LENGTH] for field, name in names.items()}}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the address, and whether the link proves access to its mailbox."""
        fixed = {"address": self.page_state.invitation.email, "proves_mailbox": self.page_state.proves_mailbox}
        return {**super().get_form_kwargs(), **fixed}


class InvitedFirstPassword(InvitationAuthMixin, FormView):
    """Set the first password of the account that has the invited address, and sign in with it.

    Such an account is known by an identity provider only. The emailed link proves access to the mailbox, as the link of
    a password reset does.
    """

    template_name = "invitations/first_password.html"
    form_class = FirstPasswordForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form. Without an account that needs a password, redirect to the sign-in page."""
        return super().get(request) if self.page_state.may_set_password else self._to_sign_in()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Set the password and sign in. Without an account that needs a password, redirect to the sign-in page."""
        return super().post(request) if self.page_state.may_set_password else self._to_sign_in()

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the account and its address."""
        address = self.page_state.invitation.email
        return {**super().get_form_kwargs(), "account": verified_owner(address), "address": address}

    def form_valid(self, form: FirstPasswordForm) -> HttpResponse:
        """Set the password and sign in. Two-factor authentication applies. If the action fails, show the invitation."""
        invitation, proof = self.page_state.invitation, cast("Proof", self.page_state.proof)
        password = form.cleaned_data["password1"]
        try:
            user = set_first_password(invitation_id=invitation.pk, proof=proof, password=password)
        except DomainError:
            return redirect("invitation", invitation.pk)
        record_authentication(self.request, user, method="password", email=invitation.email)
        response: HttpResponse = perform_login(self.request, user, redirect_url=self.get_success_url())
        return response

    def _to_sign_in(self) -> HttpResponse:
        return redirect("invitation-sign-in", self.page_state.invitation.pk)
