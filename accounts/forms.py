"""How people sign up on the pages."""

from typing import Any

from allauth.account.forms import SignupForm
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.models import User


class SignUpForm(SignupForm):
    """An address and a password: the account, its address and its event come together or not at all."""

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """The new user."""
        user: User = super().save(request)
        return user

    def try_save(self, request: HttpRequest) -> Any:
        """The user, or the response for an address that has an account, be it since a moment ago."""
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)
