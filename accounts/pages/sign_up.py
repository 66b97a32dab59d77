"""The page for signing up."""

from allauth.account.views import SignupView
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpResponse


class SignUp(SignupView):
    """Create an account. The account and the email that verifies its address are saved together or not at all."""

    @transaction.atomic
    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Create the account, and sign in if its address is verified already."""
        response: HttpResponse = super().form_valid(form)
        return response
