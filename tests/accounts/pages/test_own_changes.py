"""A change on the account pages is saved with its event and its notice, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import DatabaseError
from django.db.models import Model
from django.test import Client

from accounts.email.models import AccountEmail
from accounts.models import User
from events.models import Event
from tests.actions.refusing import refusing
from tests.factories import AuthenticatorFactory, EmailAddressFactory
from tests.support.changes import track_changes
from tests.support.people import PASSWORD

Purpose = AccountEmail.Purpose
NEW = "another calm and long phrase"
SECOND = "second@example.com"
Change = Callable[[Client], Any]


def set_up_app(client: Client) -> Any:
    form = client.get("/accounts/2fa/totp/activate/").context["form"]
    code = format_hotp_value(hotp_value(form.secret, next(yield_hotp_counters_from_time())))
    return client.post("/accounts/2fa/totp/activate/", {"code": code})


def post(path: str, **form: str) -> Change:
    return lambda client: client.post(f"/accounts/{path}/", form)


def have_app(member: User) -> None:
    AuthenticatorFactory.create(user=member)


def have_second_address(member: User) -> None:
    EmailAddressFactory.create(user=member, email=SECOND)


def have_nothing(member: User) -> None:
    pass


PASSWORDS = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
# What the person has, what they do, and which notice tells it.
CHANGES: dict[str, tuple[Callable[[User], None], Change, Purpose]] = {
    "set up an app": (have_nothing, set_up_app, Purpose.TWO_FACTOR_ADDED),
    "remove the app": (have_app, post("2fa/totp/deactivate"), Purpose.TWO_FACTOR_ENDED),
    "renew the codes": (have_app, post("2fa/recovery-codes/generate"), Purpose.RECOVERY_CODES_RENEWED),
    "change the password": (have_nothing, post("password/change", **PASSWORDS), Purpose.PASSWORD_CHANGED),
    "change the main address": (
        have_second_address,
        post("email", action_primary="", email=SECOND),
        Purpose.MAIN_ADDRESS_CHANGED,
    ),
}


@pytest.fixture(params=CHANGES)
def change(request: Any, client: Client, member: User) -> Callable[[], Any]:
    """Prepare a change. The returned function makes it."""
    prepare, make, _ = CHANGES[request.param]
    prepare(member)
    client.force_login(member)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/email/")  # stores what django-allauth reads on its first visit
    return lambda: make(client)


@pytest.mark.parametrize("change", CHANGES, indirect=True)
def test_the_person_is_told_by_email(change, member, request):
    assert change().status_code == 302

    _, _, purpose = CHANGES[request.node.callspec.params["change"]]
    assert [(email.purpose, email.user) for email in AccountEmail.objects.all()] == [(purpose, member)]


@pytest.mark.parametrize("refused", [AccountEmail, Event])
def test_nothing_changes_if_the_notice_or_the_event_cannot_be_written(change, refused: type[Model]):
    factors = [*Authenticator.objects.values()]

    with track_changes() as changes, refusing(refused), pytest.raises(DatabaseError):
        change()

    assert changes.nothing
    assert [*Authenticator.objects.values()] == factors


@pytest.mark.parametrize("form", [{"action_add": ""}, {"action_remove": ""}])
def test_no_address_is_added_or_removed_without_its_event(client, member, form: dict[str, str]):
    if "action_remove" in form:
        have_second_address(member)
    client.force_login(member)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/email/")

    with track_changes() as changes, refusing(Event), pytest.raises(DatabaseError):
        client.post("/accounts/email/", form | {"email": SECOND})

    assert changes.nothing
