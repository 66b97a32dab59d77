"""The forms that ask for a code of two-factor authentication, at sign-in and later."""

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms

from accounts.models import User
from accounts.sign_in_limits import code_attempt


class LimitedCode(forms.Form):
    """Base of both forms: wrong codes count by client and by account."""

    user: User

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError if it is wrong, or if there were too many wrong ones."""
        attempt = code_attempt(context.request, self.user)
        if attempt is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        attempt.succeeded()
        return code


class SignInCodeForm(LimitedCode, AuthenticateForm):
    """Enter a code to sign in."""


class AnotherCodeForm(LimitedCode, ReauthenticateForm):
    """Enter a code again before a sensitive change."""
