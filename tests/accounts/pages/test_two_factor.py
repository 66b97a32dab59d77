"""The second step of signing in: no code works twice, and a new password does not skip the step."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from tests.support.people import PASSWORD

NEW = "another calm and long phrase"


@pytest.fixture
def codes(member):
    """Set up two-factor authentication. Return a code of the app and a recovery code."""
    secret = generate_totp_secret()
    TOTP.activate(member, secret)
    current = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    return {"totp": current, "recovery_codes": RecoveryCodes.activate(member).generate_codes()[0]}


def sign_in(code, password=PASSWORD):
    """Return the page after both steps."""
    client = Client()
    client.post("/accounts/login/", {"login": "member@example.com", "password": password})
    return client.post("/accounts/2fa/authenticate/", {"code": code})


@pytest.mark.parametrize("kind", ["totp", "recovery_codes"])
def test_a_code_works_once(codes, kind):
    assert sign_in(codes[kind]).status_code == 302
    assert sign_in(codes[kind]).status_code == 200


def test_a_new_password_does_not_skip_the_second_step(client, member, codes, mailoutbox, settings):
    client.post("/accounts/password/reset/", {"email": "member@example.com"})
    [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]
    opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
    client.post(opened["Location"], {"password1": NEW, "password2": NEW})

    assert client.get("/accounts/profile/").status_code == 302
    signed_in = client.post("/accounts/login/", {"login": "member@example.com", "password": NEW})
    assert signed_in["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/accounts/profile/").status_code == 302
    assert sign_in(codes["totp"], NEW).status_code == 302
