"""Sign-ins and failed attempts are events. They contain neither passwords nor addresses."""

import json

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from events.models import Event
from tests.factories import UserFactory
from tests.support.people import PASSWORD


def sign_in(client, login="member@example.com", password=PASSWORD):
    return client.post("/accounts/login/", {"login": login, "password": password})


def recorded():
    return list(Event.objects.order_by("id").values_list("kind", "actor_id", "subject_id", "data"))


def test_a_sign_in_with_its_method(client, member):
    sign_in(client)

    assert recorded() == [("user.signed_in", member.pk, member.pk, {"methods": ["password"]})]


def test_a_sign_in_with_two_methods_and_a_wrong_code_before(client, member):
    TOTP.activate(member, generate_totp_secret())
    code = RecoveryCodes.activate(member).generate_codes()[0]
    sign_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code})

    assert recorded() == [
        ("user.sign_in_failed", None, member.pk, {"reason": "wrong_code"}),
        ("user.signed_in", member.pk, member.pk, {"methods": ["password", "recovery_codes"]}),
    ]


def test_a_wrong_password(client, member):
    sign_in(client, password="the secret of another service")

    assert recorded() == [("user.sign_in_failed", None, member.pk, {"reason": "wrong_password"})]
    assert "another service" not in json.dumps(list(Event.objects.values("data")))


def test_a_wrong_password_in_an_open_session(client, member):
    client.force_login(member)
    client.post("/accounts/reauthenticate/", {"password": "wrong"})

    assert recorded() == [("user.sign_in_failed", None, member.pk, {"reason": "wrong_password"})]


def test_the_right_password_of_a_deactivated_account(client, db):
    former = UserFactory.create(email="member@example.com", password=PASSWORD, deactivated=True)
    sign_in(client)

    assert recorded() == [("user.sign_in_failed", None, former.pk, {"reason": "deactivated"})]


def test_attempts_for_an_unknown_address_belong_together_without_naming_it(db):
    for address in ("unknown@example.com", "Unknown@example.com", "another@example.com"):
        sign_in(Client(), address)
    first, second, other = Event.objects.order_by("id")

    assert first.subject_id == second.subject_id != other.subject_id
    assert first.data == {"reason": "wrong_password"}
    assert "unknown@" not in str(list(Event.objects.values()))


@pytest.mark.parametrize("login", ["member@example.com", "unknown@example.com"])
def test_refused_attempts_are_logged_and_not_recorded(member, caplog, login):
    for _ in range(9):
        sign_in(Client(), login, "wrong")

    assert Event.objects.count() == 5
    refused = [record for record in caplog.records if record.message == "sign-in refused"]
    assert [(record.reason, record.credential) for record in refused] == [("limit", "password")] * 4
