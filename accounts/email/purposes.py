"""What each email about an account needs. It is read when the email is rendered, and so is its link made.

A function returns the values of the template, among them ``path``, the path of the link. It returns None if the email
is no longer wanted. Other apps register the functions of the notices about their rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse

from accounts.email.models import AccountEmail

Purpose = AccountEmail.Purpose
Facts = dict[str, Any]
FactsOf = Callable[[AccountEmail], Facts | None]


def _to_confirm(email: AccountEmail) -> Facts | None:
    """Return the link that verifies the address, unless it is verified or no longer belongs to the account."""
    row = EmailAddress.objects.filter(user=email.user_id, email=email.recipient, verified=False).first()
    return {"path": reverse("account_confirm_email", args=[EmailConfirmationHMAC(row).key])} if row else None


def _to_reset(email: AccountEmail) -> Facts | None:
    """Return the link that sets a new password, unless the account is inactive."""
    user = email.user
    if user is None or not user.is_active:
        return None
    link = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return {"path": reverse("account_reset_password_from_key", kwargs=link)}


def _to(name: str) -> FactsOf:
    return lambda email: {"path": reverse(name)}


_FACTS: dict[str, FactsOf] = {
    Purpose.EMAIL_CONFIRMATION_SIGNUP: _to_confirm,
    Purpose.EMAIL_CONFIRMATION: _to_confirm,
    Purpose.ACCOUNT_ALREADY_EXISTS: _to("account_login"),
    Purpose.PASSWORD_RESET_KEY: _to_reset,
    Purpose.UNKNOWN_ACCOUNT: _to("account_signup"),
    Purpose.PASSWORD_RESET_BY_STAFF: _to_reset,
    Purpose.TWO_FACTOR_REMOVED: _to("mfa_index"),
    Purpose.ADDRESS_VERIFIED_BY_STAFF: _to("account_email"),
    Purpose.PASSWORD_CHANGED: _to("account_reset_password"),
    Purpose.TWO_FACTOR_ADDED: _to("mfa_index"),
    Purpose.TWO_FACTOR_ENDED: _to("mfa_index"),
    Purpose.RECOVERY_CODES_RENEWED: _to("mfa_index"),
    Purpose.IDENTITY_LINKED: _to("sessions"),
    Purpose.ADDRESS_ADDED: _to("account_email"),
    Purpose.MAIN_ADDRESS_CHANGED: _to("account_email"),
}
# A newer email of these kinds to the same address replaces an older one that was not sent yet.
REPLACED_BY_NEWER = (
    Purpose.EMAIL_CONFIRMATION_SIGNUP,
    Purpose.EMAIL_CONFIRMATION,
    Purpose.ACCOUNT_ALREADY_EXISTS,
    Purpose.PASSWORD_RESET_KEY,
    Purpose.UNKNOWN_ACCOUNT,
    Purpose.PASSWORD_RESET_BY_STAFF,
)


def register_facts(facts: Mapping[str, FactsOf]) -> None:
    """Register the functions for these purposes."""
    _FACTS.update(facts)


def facts_of(email: AccountEmail) -> Facts | None:
    """Return the values of the template, or None if the email is no longer wanted. Raises KeyError."""
    return _FACTS[email.purpose](email)
