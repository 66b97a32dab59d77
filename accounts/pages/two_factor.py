"""Two-factor authentication: how its secrets are stored, and the forms that ask for a code."""

import logging

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms

from accounts.models import User
from accounts.sign_in_limits import code_attempt
from core.encryption import decrypt_if_encrypted, encrypt
from core.metrics import count_limit

logger = logging.getLogger(__name__)


class TwoFactorAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of authenticator apps and the seeds of recovery codes."""

    def encrypt(self, text: str) -> str:
        """Return what is stored."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return decrypt_if_encrypted(encrypted_text)


class LimitedCode(forms.Form):
    """Base of both forms: wrong codes count by client and by account."""

    user: User

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError if it is wrong, or if there were too many wrong ones."""
        attempt = code_attempt(context.request, self.user)
        if attempt is None:
            count_limit("sign_in")
            logger.warning("sign-in refused", extra={"reason": "limit", "credential": "code"})
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        attempt.succeeded()
        return code


class SignInCodeForm(LimitedCode, AuthenticateForm):
    """Enter a code to sign in."""


class AnotherCodeForm(LimitedCode, ReauthenticateForm):
    """Enter a code again before a sensitive change."""
