"""How django-allauth's accounts follow this service's rules."""

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
    """The mail server does not take it; the account may be there already, and asking again mails the way in."""

    message = "The mail could not be sent. Try again in a moment."


class AccountAdapter(DefaultAccountAdapter):
    """Addresses are normalized wherever a form takes one, and nothing leads anywhere but here."""

    request: HttpRequest

    def clean_email(self, email: str) -> Address:
        """The address in its one stored form; raises ValidationError for what is none."""
        return normalize_address(email)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether ``next`` may lead there: this host only, not even the other ones we answer to."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Store a new user, with the event that says so."""
        super().save_user(request, user, form, commit)
        if commit:
            record_own_change("user.registered", user, user_kind=user.kind)
        return user

    def set_password(self, user: User, password: str) -> None:
        """Store a new password, with the event that says so."""
        with transaction.atomic():
            super().set_password(user, password)
            record_own_change("user.password_changed", user)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an address as proven, with the event that says so; whether it could be."""
        with transaction.atomic():
            proven = super().confirm_email(request, email_address)
            if proven:
                record_own_change("user.address_proven", email_address.user)
        return proven

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell somebody that they can sign in; the page for that also leads to a new password."""
        self.send_mail("account/email/account_already_exists", email, {"login_url": reverse("account_login")})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail what ``accounts.pages.emails`` makes of it.

        Somebody waits for it, so it is sent at once and not queued. Raises MailNotSent; asking again is then no
        repetition, for which one has to wait.
        """
        try:
            render_account_email(template_prefix, email, context).send()
        except (OSError, AnymailAPIError) as error:
            ratelimit.clear(self.request, action="confirm_email", key=email)
            raise EmailNotSent from error
