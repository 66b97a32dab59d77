"""django-allauth's account adapter."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.core import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage, consume
from anymail.exceptions import AnymailAPIError
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.actions.passwords import change_password
from accounts.actions.sign_ins import record_failed_sign_in, record_sign_in, record_wrong_password
from accounts.known_devices import remember_device
from accounts.models import User
from accounts.pages.emails import render_account_email
from accounts.principals import Method, Principal
from accounts.receivers import record_own_change
from accounts.second_factor import has_second_factor
from accounts.sessions import session_principal
from accounts.sign_in_limits import password_attempt
from core.addresses import Address, displayed_address, normalize_address
from core.errors import LimitReached, Unavailable
from core.smtp import connection_for_request

logger = logging.getLogger(__name__)
PROTECT_STAFF = _(
    "Staff see the data of every organization. Please protect your account with two-factor authentication."
    ' You can also <a href="{}">continue</a> and do this later.'
)
COUNTED_BY_LINK = "perfectworks.counted_by_link"


class EmailNotSent(Unavailable):
    """The email server did not accept the email.

    The account may exist already. If the person tries again, the email is sent again.
    """

    message = "The email could not be sent. Try again in a moment."


class AccountEmailLimitReached(LimitReached):
    """Staff sent as many emails of this kind to the address as the limit allows."""

    message = "This address was sent several such emails within the last hour or day. Try again later."


class AccountAdapter(DefaultAccountAdapter):
    """The account adapter of this service.

    It normalizes addresses in forms, records events, allows redirects only to the requested host, and sends our emails.
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
            logger.warning("sign-in refused reason=limit method=password")
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
        return verified

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a message for the next page. Show the address in it with a Unicode domain."""
        context = dict(message_context or {})
        if "email" in context:
            context["email"] = displayed_address(context["email"])
        super().add_message(request, level, message_template, context, **options)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Email a link to the sign-in page. People can reset their password there."""
        self.send_mail("account/email/account_already_exists", email, {"login_url": reverse("account_login")})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an email immediately, without the queue, because the person is waiting for it.

        Send nothing if the address got many emails of this kind in the last hour or day. If sending fails, reset the
        rate limits so that the person can try again, and raise EmailNotSent.
        """
        usage = self._count(template_prefix, email)
        if usage is None:
            logger.warning("account email limit reached kind=%s", template_prefix)
            return
        try:
            message = render_account_email(template_prefix, email, context)
            message.connection = connection_for_request()
            message.send()
        except (OSError, AnymailAPIError) as error:
            usage.rollback()
            ratelimit.clear(self.request, action="confirm_email", key=email)
            raise EmailNotSent from error

    def send_reset_link(self, user: User, address: str, *, language: str) -> None:
        """Email a person a link to choose a new password, for staff. Raises EmailNotSent, AccountEmailLimitReached."""
        link = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
        context = {"password_reset_url": reverse("account_reset_password_from_key", kwargs=link)}
        self._send_for_staff("account/email/password_reset_by_staff", address, context, language)

    def tell_about_two_factor(self, address: str, *, language: str) -> None:
        """Tell a person that staff removed the two-factor authentication of their account.

        Raises EmailNotSent, AccountEmailLimitReached.
        """
        context = {"two_factor_url": reverse("mfa_index")}
        self._send_for_staff("account/email/two_factor_removed", address, context, language)

    def tell_about_verified_address(self, address: str, *, language: str) -> None:
        """Tell a person at their primary address that staff verified an address of their account.

        Raises EmailNotSent, AccountEmailLimitReached.
        """
        context = {"addresses_url": reverse("account_email")}
        self._send_for_staff("account/email/address_verified_by_staff", address, context, language)

    def _send_for_staff(self, template_prefix: str, address: str, context: dict[str, Any], language: str) -> None:
        """Send an email that a staff member requested. Raises EmailNotSent, AccountEmailLimitReached."""
        usage = self._count(template_prefix, address)
        if usage is None:
            raise AccountEmailLimitReached
        try:
            with translation.override(language):
                message = render_account_email(template_prefix, address, context)
            message.connection = connection_for_request()
            message.send()
        except (OSError, AnymailAPIError) as error:
            usage.rollback()
            raise EmailNotSent from error

    def _count(self, template_prefix: str, email: str) -> RateLimitUsage | None:
        """Count an email of this kind to this address. Return None if the limit is reached."""
        return consume(
            self.request,
            app=__name__,
            action="account_email",
            config=settings.ACCOUNT_EMAIL_LIMITS,
            key=f"{template_prefix} {email}",
            limit_get=True,
        )


def count_by_link(request: HttpRequest, name: str) -> None:
    """Count this request for rate limits by the emailed link that led to it, not by its IP address.

    Many people behind one router may follow their links at the same time.
    """
    request.META[COUNTED_BY_LINK] = name
