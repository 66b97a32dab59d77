"""django-allauth's account adapter."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.actions.account_emails import request_account_email
from accounts.actions.address_ownership import tell_about_address
from accounts.actions.passwords import change_password
from accounts.actions.sign_ins import record_failed_sign_in, record_sign_in, record_wrong_password
from accounts.email.models import AccountEmail
from accounts.email.queue import emails_are_delayed
from accounts.known_devices import remember_device
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.receivers import record_own_change
from accounts.second_factor import has_second_factor
from accounts.sessions import session_principal
from accounts.sign_in_limits import password_attempt
from core.addresses import Address, displayed_address, normalize_address
from core.metrics import count_limit

logger = logging.getLogger(__name__)
PROTECT_STAFF = _(
    "Staff see the data of every organization. Please protect your account with two-factor authentication."
    ' You can also <a href="{}">continue</a> and do this later.'
)
LINK_EMAILED = "account/messages/email_confirmation_sent.txt"
EMAILS_DELAYED = _(
    "Emails are delayed at the moment. It may take a few minutes until yours arrives. You don't have to ask for another"
    " one."
)
COUNTED_BY_LINK = "perfectworks.counted_by_link"


class AccountAdapter(DefaultAccountAdapter):
    """The account adapter of this service.

    It normalizes addresses in forms, records events, redirects only to the requested host, and queues our emails.
    """

    request: HttpRequest

    def clean_email(self, email: str) -> Address:
        """Return the normalized address. Raises ValidationError if it is not valid."""
        return normalize_address(email)

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether the URL in ``next`` is on the requested host. Other hosts in ALLOWED_HOSTS are not safe."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client that rate limits count: the IP address, or the emailed link (`count_by_link`)."""
        return str(request.META.get(COUNTED_BY_LINK) or super().get_client_ip(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the user with this address and password, or None. Raises ValidationError after too many attempts."""
        attempt = password_attempt(request, str(credentials.get("email", "")).lower())
        if attempt is None:
            count_limit("sign_in")
            logger.warning("sign-in refused", extra={"reason": "limit", "credential": "password"})
            raise self.validation_error("too_many_login_attempts")
        user = super().authenticate(request, **credentials)
        if user:
            attempt.succeeded()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a wrong password."""
        record_wrong_password(str(credentials.get("email", "")).lower())

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Record an attempt with the right password of a deactivated account, and return the page about it."""
        record_failed_sign_in(user, "deactivated")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Finish a sign-in, and remember the browser.

        A person who has just signed up has also just signed in. Staff without two-factor authentication
        are led to the page that sets it up, which asks for the password again. They can leave it.
        """
        if kwargs["signup"]:
            record_authentication(request, user, method="password", reauthenticated=True)
        records = get_authentication_records(request, user)
        record_sign_in(user, [record.get("type", record["method"]) for record in records])
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.is_staff and not has_second_factor(user):
            messages.info(request, format_html(str(PROTECT_STAFF), response["Location"]))
            response = redirect("mfa_activate_totp")
        remember_device(request, response, user.pk)
        return response

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Save a new user and record an event."""
        super().save_user(request, user, form, commit)
        if commit:
            record_own_change("user.registered", user, user_kind=user.kind)
        return user

    def set_password(self, user: User, password: str) -> None:
        """Save a new password and record an event. The person is signed in, or has opened an emailed link."""
        signed_in = session_principal(self.request) if self.request else None  # actions have no request
        by = signed_in if signed_in and signed_in.user == user else Principal(user=user, method=Method.SESSION)
        change_password(by=by, user=user, password=password)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an address as verified and record an event. Return whether that succeeded."""
        with transaction.atomic():
            verified = super().confirm_email(request, email_address)
            if verified:
                record_own_change("user.address_proven", email_address.user)
                tell_about_address(email_address.user, email_address.email)
        return verified

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a message for the next page. Show the address in it with a Unicode domain.

        If it says that an email was sent, and emails are delayed, add that too.
        """
        context = dict(message_context or {})
        if "email" in context:
            context["email"] = displayed_address(context["email"])
        super().add_message(request, level, message_template, context, **options)
        if message_template == LINK_EMAILED and emails_are_delayed():
            messages.warning(request, EMAILS_DELAYED)

    def should_send_confirmation_mail(self, request: HttpRequest, email_address: EmailAddress, signup: bool) -> bool:
        """Return True. At a sign-in, another email is sent although one was sent minutes ago: the pages promise it.

        The password was right. ``request_account_email`` limits these emails too.
        """
        if not signup:
            ratelimit.clear(request, action="confirm_email", key=email_address.email.lower())
        return True

    def send_account_already_exists_mail(self, email: str) -> None:
        """Email a link to the sign-in page. People can reset their password there."""
        request_account_email(AccountEmail.Purpose.ACCOUNT_ALREADY_EXISTS, email)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        """Email a link that verifies the address."""
        address = emailconfirmation.email_address
        purpose = AccountEmail.Purpose.EMAIL_CONFIRMATION_SIGNUP if signup else AccountEmail.Purpose.EMAIL_CONFIRMATION
        request_account_email(purpose, address.email, user=address.user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue one of django-allauth's other emails. Raises ValueError if this service has no such email."""
        name = template_prefix.removeprefix("account/email/")
        request_account_email(AccountEmail.Purpose(name), email, user=context.get("user"))


def count_by_link(request: HttpRequest, name: str) -> None:
    """Count this request for rate limits by the emailed link that led to it, not by its IP address.

    Many people behind one router may follow their links at the same time.
    """
    request.META[COUNTED_BY_LINK] = name
