"""Passwords that attackers try first are refused wherever a password is set."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from tests.factories import UserFactory
from tests.support.people import PASSWORD

GUESSABLE = [
    "Summer2026",
    "summer01.2026",
    "2026!Winter",
    "Frühling2026",
    "Fru\u0308hling2026",
    "Sommer_26!",
    "PerfectWorks",
    "perfectworks2026!",
    "P3rfectw0rks",
    "perfectworksadmin",
    "P@ssw0rd2026",
    "Password1234",
    "Willkommen1!",
    "qwertzuiop",
    "abcdefghijkl",
    "summersummersummer",
    "            ",
    "\u00a0" * 12,
    "aaaaaaaaaaaa",
    "abababababab",
]
FINE = [
    "a calm and long phrase",
    "correct-horse-battery",
    "summer in the old town",
    "kx7fq2mz",
    "83#92!47$61",
    "  two blanks around  ",
    "Summer8391726405",
    "ein stiller langer Satz",
    "密码很长而且很安全的一句话",
]


@pytest.mark.parametrize("password", GUESSABLE)
def test_a_word_with_a_year_or_a_few_signs_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password)


def test_the_name_of_this_installation_with_a_year_is_refused(settings):
    settings.SERVICE_NAME, settings.PUBLIC_HOST = "Meadowgate", "join.hilltown.example"

    for password in ("Meadowgate2026", "hilltown#2026"):
        with pytest.raises(ValidationError):
            validate_password(password)


@pytest.mark.parametrize("password", FINE)
def test_a_phrase_or_random_characters_are_accepted(password):
    validate_password(password)


def test_the_own_name_or_address_with_a_year_is_refused():
    user = User(first_name="Mia", last_name="Rivers", email="sunflower@meadow.example")

    for password in ("Mia--2026", "rivers2026!", "MiaRivers26", "sunflower#1", "Meadow2026"):
        with pytest.raises(ValidationError):
            validate_password(password, user)
    validate_password("Mia--2026")


def test_only_the_beginning_of_a_very_long_password_is_checked():
    with pytest.raises(ValidationError):
        validate_password("a" * 256 + PASSWORD)
    validate_password(PASSWORD + "a" * 1_000_000)


def test_eight_characters_are_enough_and_seven_are_not():
    validate_password("kx7fq2mz")
    with pytest.raises(ValidationError, match="at least 8 characters"):
        validate_password("kx7fq2m")


class TestEveryPlaceThatSetsAPassword:
    """All places use the same list of validators."""

    def test_sign_up(self, client, db):
        client.post("/accounts/signup/", {"email": "stranger@example.com", "password1": "Summer2026"})

        assert not User.objects.exists()

    def test_sign_up_through_the_api(self, client, db):
        body = {"email": "stranger@example.com", "password": "Summer2026"}
        response = client.post("/api/v0/users/register", body, content_type="application/json")

        assert response.status_code == 400
        assert not User.objects.exists()

    def test_a_changed_password(self, client, db):
        member = UserFactory.create(password=PASSWORD)
        client.force_login(member)
        client.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": "Summer2026", "password2": "Summer2026"},
        )

        member.refresh_from_db()
        assert member.check_password(PASSWORD)

    def test_a_first_password_of_an_account_without_one(self, client, db):
        member = UserFactory.create()
        client.force_login(member)
        client.post("/accounts/password/set/", {"password1": "Summer2026", "password2": "Summer2026"})

        member.refresh_from_db()
        assert not member.has_usable_password()

    def test_a_reset(self, client, db, mailoutbox, settings):
        member = UserFactory.create(email="member@example.com", password=PASSWORD)
        client.post("/accounts/password/reset/", {"email": "member@example.com"})
        [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]
        opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
        client.post(opened["Location"], {"password1": "Summer2026", "password2": "Summer2026"})

        member.refresh_from_db()
        assert member.check_password(PASSWORD)

    def test_the_command_for_operators(self, db, monkeypatch):
        member = UserFactory.create(email="member@example.com", password=PASSWORD)
        monkeypatch.setattr("getpass.getpass", lambda **_: "Summer2026")
        with pytest.raises(CommandError):
            call_command("changepassword", "member@example.com", verbosity=0)

        member.refresh_from_db()
        assert member.check_password(PASSWORD)
