"""Sign-up with an address and a password through the API. django-allauth provides the sign-up pages.

The response does not show whether the address already has an account: the body and the response time are the same. Only
the email differs. It contains a verification link, or it says that the address already has an account.
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
    """Too many sign-ups from one IP address. Sign-ups on the pages count too."""

    message = "There were many registrations from your network. Try again in a minute."


def register(request: HttpRequest, *, email: Address, password: str, first_name: str = "", last_name: str = "") -> None:
    """Create an account with an unverified address, and email a verification link.

    If the address already has an account, send an email that says so. Raises TooManyRegistrations, or ValidationError
    for a name that is not plain text or a password that is too weak.
    """
    user = User(email=email, first_name=first_name, last_name=last_name)
    _require_strong(password, user)
    if not ratelimit.consume(request, action="signup"):
        raise TooManyRegistrations
    taken = is_taken(email)  # before hashing, which takes long: if the database does not respond, the response is fast
    user.set_password(password)  # hash even if the address is taken, so that the response takes the same time
    with transaction.atomic():
        _send(request, email, _save(user, email, taken=taken))


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error


def _save(user: User, email: Address, *, taken: bool) -> EmailAddress | None:
    """Save the new account and return its address. Return None if the address is taken, or has been in the meantime.

    If it is taken, the same rows are written without the address and rolled back, so that the work is the same.
    """
    user.clean_fields(exclude=["password"])
    if taken:
        user.email = None
    try:
        with transaction.atomic():
            user.save()
            Event.objects.record("user.registered", by=_as(user), subject=user, user_kind=user.kind)
            unverified = EmailAddress.objects.create(user=user, email=email, primary=True)
            transaction.set_rollback(taken)
    except IntegrityError:
        return None
    return None if taken else unverified


def _send(request: HttpRequest, email: Address, unverified: EmailAddress | None) -> None:
    """Send the email, unless an email was sent to this address in the last minutes."""
    if not ratelimit.consume(request, action="confirm_email", key=email):
        return
    with translation.override(preferred_language(request)):  # the API is English only; the email is not
        if unverified:
            unverified.send_confirmation(request, signup=True)
        else:
            get_adapter().send_account_already_exists_mail(email)


def _as(user: User) -> Principal:
    return Principal(user=user, method=Method.SESSION)
