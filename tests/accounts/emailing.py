"""Requests that trigger the emails about accounts."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client

from accounts.models import User
from orgs.models import Organization
from tests.factories import AuthenticatorFactory, EmailAddressFactory, MembershipFactory, UserFactory
from tests.support.outbox import account_emails
from tests.support.people import PASSWORD

NOBODYS = "nobody@example.com"


def sign_up(client: Client, address: str) -> Any:
    form = {"email": address, "password1": PASSWORD, "first_name": "Click https://elsewhere.test"}
    return client.post("/accounts/signup/", form)


def sign_in_unproven(client: Client, address: str) -> Any:
    UserFactory.create(email=address, password=PASSWORD, email_address=None)
    return client.post("/accounts/login/", {"login": address, "password": PASSWORD})


def add_address(client: Client, user: User, address: str) -> Any:
    client.force_login(user)
    return client.post("/accounts/email/", {"action_add": "", "email": address})


def forget_password(client: Client, address: str) -> Any:
    return client.post("/accounts/password/reset/", {"email": address})


def press(client: Client, user: User, button: str, **form: str) -> Any:
    """Press a button of the admin on the page of the user, whose organization has the client's language."""
    if not user.memberships.exists():
        MembershipFactory.create(user=user)
    spoken = client.defaults.get("HTTP_ACCEPT_LANGUAGE", "")
    Organization.objects.filter(memberships__user=user).update(language=spoken)
    client.force_login(UserFactory.create(superuser=True))
    return client.post(f"/admin/accounts/user/{user.pk}/do/{button}", form)


def lose_phone(client: Client, user: User) -> Any:
    AuthenticatorFactory.create(user=user)
    return press(client, user, "two-factor")


def have_verified(client: Client, user: User, address: str) -> Any:
    EmailAddressFactory.create(user=user, email=address, verified=False)
    return press(client, user, "verify", address=address)


# The request that triggers each email. Some requests use the user's account, the others an unknown address.
ASK: dict[str, Callable[[Client, User, str], Any]] = {
    "new-account": lambda client, user, address: sign_up(client, address),
    "unproven-address": lambda client, user, address: sign_in_unproven(client, address),
    "further-address": add_address,
    "account-exists": lambda client, user, address: sign_up(client, str(user.email)),
    "new-password": lambda client, user, address: forget_password(client, str(user.email)),
    "no-account": lambda client, user, address: forget_password(client, address),
    "new-password-from-staff": lambda client, user, address: press(client, user, "reset", address=str(user.email)),
    "two-factor-removed": lambda client, user, address: lose_phone(client, user),
    "address-verified-by-staff": have_verified,
}


def emailed(kind: str, user: User, *, address: str = NOBODYS, **headers: str) -> EmailMultiAlternatives:
    """Send the request that triggers this email, with these headers, and return the email."""
    cache.clear()  # reset the rate limits
    before = len(account_emails())
    assert ASK[kind](Client(headers=headers), user, address).status_code == 302
    [message] = account_emails()[before:]
    assert isinstance(message, EmailMultiAlternatives)
    return message


def html_of(message: EmailMessage) -> str:
    assert isinstance(message, EmailMultiAlternatives)
    [(html, _)] = message.alternatives
    return str(html)
