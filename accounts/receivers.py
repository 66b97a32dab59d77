"""Record events for changes on the account pages, which django-allauth provides.

``actions/passwords.py`` records new passwords, and ``pages/adapter.py`` records verified addresses. For other changes,
django-allauth sends a signal right after the change, and this module records the event. The views in
``pages/own_changes.py`` make the change, the event and the notice one transaction.
"""

import time
from typing import Any

from allauth.account import signals as addresses
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.actions.account_emails import send_notices
from accounts.actions.sign_ins import record_failed_sign_in
from accounts.devices import device_of
from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import Method, Principal
from accounts.session_store import DEVICE, SIGNED_IN_AT
from accounts.sign_in_limits import forget_attempts
from events.changed_fields import describe_changes
from events.models import Event

Purpose = AccountEmail.Purpose


@receiver(addresses.email_added, dispatch_uid="accounts.address_added")
def record_added_address(user: User, **kwargs: Any) -> None:
    """Record a new, unverified address."""
    record_own_change("user.address_added", user)


@receiver(addresses.email_removed, dispatch_uid="accounts.address_removed")
def record_removed_address(user: User, **kwargs: Any) -> None:
    """Record a removed address."""
    record_own_change("user.address_removed", user)


@receiver(addresses.email_changed, dispatch_uid="accounts.main_address_changed")
def record_main_address(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **kwargs: Any
) -> None:
    """Record a new primary address."""
    former = from_email_address.email if from_email_address else None
    changed = describe_changes({"email": former}, {"email": to_email_address.email}, of=User)
    record_own_change("user.main_address_changed", user, **changed)
    if from_email_address and from_email_address.verified:
        send_notices(Purpose.MAIN_ADDRESS_CHANGED, [user], address=from_email_address.email)


@receiver(user_logged_in, dispatch_uid="accounts.signed_in_at")
def store_time_of_sign_in(request: HttpRequest, **kwargs: Any) -> None:
    """Store in the session when it began, because ``SESSION_LIFETIME`` counts from then, and in which browser."""
    request.session[SIGNED_IN_AT] = time.time()
    request.session[DEVICE] = device_of(request.headers.get("User-Agent", ""))


@receiver(addresses.password_reset, dispatch_uid="accounts.password_reset")
def forget_wrong_passwords(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Forget the wrong passwords of others, because an emailed link has just proven who resets the password."""
    forget_attempts(request, [address.email for address in EmailAddress.objects.filter(user=user)], user)


@receiver(factors.authentication_failed, dispatch_uid="accounts.wrong_code")
def record_wrong_code(user: User, **kwargs: Any) -> None:
    """Record a wrong code of two-factor authentication."""
    record_failed_sign_in(user, "wrong_code")


@receiver(factors.authenticator_removed, dispatch_uid="accounts.two_factor_removed")
def record_removed_factor(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record that a person removed a method of two-factor authentication. Recovery codes end with the app."""
    record_own_change("user.two_factor_removed", user, factor=str(authenticator.type))
    if authenticator.type == Authenticator.Type.TOTP:
        send_notices(Purpose.TWO_FACTOR_ENDED, [user])


def record_own_change(kind: str, user: User, **data: Any) -> None:
    """Record a change that a person made to their own account on the account pages."""
    Event.objects.record(kind, by=Principal(user=user, method=Method.SESSION), subject=user, **data)
