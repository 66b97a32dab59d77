"""Signing up with an address and a password, for programs; people sign up on django-allauth's pages.

Whoever asks learns nothing about others: every address is answered alike, and takes as long. What there is to know
is mailed to the address itself: a link that proves it or, to somebody who has an account, that they have one.
"""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import translation

from accounts.actions.address_ownership import is_taken
from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import Address
from core.errors import LimitReached
from core.languages import preferred_language
from events.models import Event


class TooManyRegistrations(LimitReached):
    """From one client address; the pages count with the API."""

    message = "There were many registrations from your network. Try again in a minute."


def register(request: HttpRequest, *, email: Address, password: str, first_name: str = "", last_name: str = "") -> None:
    """Make an account whose address is not proven yet, and mail the link that proves it.

    Raises TooManyRegistrations, MailNotSent, and ValidationError for a name that is not plain text and a password that
    is too weak.
    """
    user = User(email=email, first_name=first_name, last_name=last_name)
    _require_strong(password, user)
    if not ratelimit.consume(request, action="signup"):
        raise TooManyRegistrations
    user.set_password(password)  # for a known address too: otherwise the time it takes would tell
    _send(request, email, _save(user, email))


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error


def _save(user: User, email: Address) -> EmailAddress | None:
    """The new account's address, or None when somebody has it, be it since a moment ago."""
    user.clean_fields(exclude=["password"])
    if is_taken(email):
        return None
    try:
        with transaction.atomic():
            user.save()
            Event.objects.record("user.registered", by=_as(user), subject=user, user_kind=user.kind)
            return EmailAddress.objects.create(user=user, email=email, primary=True)
    except IntegrityError:
        return None


def _send(request: HttpRequest, email: Address, unproven: EmailAddress | None) -> None:
    """One mail to an address every few minutes, whoever asks for it."""
    if not ratelimit.consume(request, action="confirm_email", key=email):
        return
    with translation.override(preferred_language(request)):  # a mail is for a person, though a program asked for it
        if unproven:
            unproven.send_confirmation(request, signup=True)
        else:
            get_adapter().send_account_already_exists_mail(email)


def _as(user: User) -> Principal:
    return Principal(user=user, method=Method.SESSION)
