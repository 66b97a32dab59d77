"""django-allauth's account adapter."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from anymail.exceptions import AnymailAPIError
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from accounts.pages.emails import render_account_email
from accounts.receivers import record_own_change
from core.addresses import Address, normalize_address
from core.errors import Unavailable


class EmailNotSent(Unavailable):
    """The email server did not accept the email. The account may exist already; a new attempt sends the email again."""

    message = "The email could not be sent. Try again in a moment."


class AccountAdapter(DefaultAccountAdapter):
    """Normalize addresses in forms, record events, allow redirects to this host only, and send our emails."""

    request: HttpRequest

    def clean_email(self, email: str) -> Address:
        """Return the normalized address. Raises ValidationError if it is not valid."""
        return normalize_address(email)

    def is_safe_url(self, url: str | None) -> bool:
        """Tell whether ``next`` is on the requested host. Other hosts of this service are not allowed."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Save a new user and record the event."""
        super().save_user(request, user, form, commit)
        if commit:
            record_own_change("user.registered", user, user_kind=user.kind)
        return user

    def set_password(self, user: User, password: str) -> None:
        """Save a new password and record the event."""
        with transaction.atomic():
            super().set_password(user, password)
            record_own_change("user.password_changed", user)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an address as verified and record the event. Return whether it could be marked."""
        with transaction.atomic():
            proven = super().confirm_email(request, email_address)
            if proven:
                record_own_change("user.address_proven", email_address.user)
        return proven

    def send_account_already_exists_mail(self, email: str) -> None:
        """Send a link to the sign-in page, which also offers a password reset."""
        self.send_mail("account/email/account_already_exists", email, {"login_url": reverse("account_login")})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an email at once, without the queue, as the person is waiting for it.

        Raises EmailNotSent, and then resets the rate limit, so that the person can try again.
        """
        try:
            render_account_email(template_prefix, email, context).send()
        except (OSError, AnymailAPIError) as error:
            ratelimit.clear(self.request, action="confirm_email", key=email)
            raise EmailNotSent from error
