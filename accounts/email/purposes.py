"""Where each email about an account leads. The link is made when the email is rendered.

A function returns the path of the link, or None if the email is no longer wanted.
"""

from collections.abc import Callable

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse

from accounts.email.models import AccountEmail

Purpose = AccountEmail.Purpose
Path = Callable[[AccountEmail], str | None]


def _to_confirm(email: AccountEmail) -> str | None:
    """Return the path that verifies the address, unless it is verified or no longer belongs to the account."""
    row = EmailAddress.objects.filter(user=email.user_id, email=email.recipient, verified=False).first()
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(row).key]) if row else None


def _to_reset(email: AccountEmail) -> str | None:
    """Return the path that sets a new password, unless the account is inactive."""
    user = email.user
    if user is None or not user.is_active:
        return None
    link = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=link)


def _to(name: str) -> Path:
    return lambda email: reverse(name)


PATHS: dict[str, Path] = {
    Purpose.EMAIL_CONFIRMATION_SIGNUP: _to_confirm,
    Purpose.EMAIL_CONFIRMATION: _to_confirm,
    Purpose.ACCOUNT_ALREADY_EXISTS: _to("account_login"),
    Purpose.PASSWORD_RESET_KEY: _to_reset,
    Purpose.UNKNOWN_ACCOUNT: _to("account_signup"),
    Purpose.PASSWORD_RESET_BY_STAFF: _to_reset,
    Purpose.TWO_FACTOR_REMOVED: _to("mfa_index"),
    Purpose.ADDRESS_VERIFIED_BY_STAFF: _to("account_email"),
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
