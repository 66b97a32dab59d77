"""The sign-in page."""

import re

import pytest

from accounts.models import User
from tests.factories import UserFactory
from tests.support.pages import visible_text
from tests.support.people import PASSWORD


def sign_in(client, **form):
    return client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD, **form})


def test_the_page_asks_for_address_and_password(client, db):
    response = client.get("/accounts/login/")

    assert response.status_code == 200
    assert visible_text(response) == [
        "Sign in",
        "Email",
        "Password",
        "Forgot your password?",
        "Remember me",
        "Sign in",
        "No account yet?",
        "Create an account",
    ]


def test_the_password_is_masked_and_left_to_password_managers(client, db):
    [field] = re.findall(r"<input[^>]*name=.password.[^>]*>", client.get("/accounts/login/").content.decode())

    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in field


@pytest.mark.parametrize("change", [str.upper, str.strip, lambda password: password[:-1]])
def test_the_password_is_taken_as_it_was_typed(client, db, change):
    password = " a Calm and long phrase "
    UserFactory.create(email="member@example.com", password=password)

    assert sign_in(client, password=change(password)).status_code == 200
    assert sign_in(client, password=password).status_code == 302


def test_signing_in_leads_to_the_home_page_without_a_word_of_congratulation(client, member):
    response = client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD}, follow=True)

    assert response.redirect_chain == [("/", 302)]
    assert visible_text(response)[0] == "My organizations"


def test_the_address_is_taken_in_any_letter_case(client, member):
    assert sign_in(client, login=" Member@EXAMPLE.com").status_code == 302


def test_next_leads_to_a_page_of_ours(client, member):
    assert sign_in(client, next="/accounts/email/")["Location"] == "/accounts/email/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "https:evil.test",
        "javascript:alert(1)",
        "http://localhost/",
        "http://testserver.evil.test/",
        "http://127.0.0.1:8000/",
    ],
)
def test_next_leads_nowhere_else_not_even_to_our_other_hosts(client, member, elsewhere):
    assert sign_in(client, next=elsewhere)["Location"] == "/"


def test_signing_out_is_a_form_and_leads_to_the_start_page(client, member):
    client.force_login(member)

    asked = client.get("/accounts/logout/")
    done = client.post("/accounts/logout/")

    assert asked.status_code == 200
    assert visible_text(asked) == ["Sign out?", "You can sign in again anytime.", "Sign out"]
    assert (done.status_code, done["Location"]) == (302, "/")
    assert "_auth_user_id" not in client.session


def test_too_many_wrong_passwords_are_slowed_down(client, member):
    statuses = [sign_in(client, password="wrong").status_code for _ in range(6)]

    assert statuses == [200] * 6
    assert "Too many failed sign-in attempts. Please try again later." in visible_text(sign_in(client))


def test_too_many_requests_have_their_own_page(client, member, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client.get("/accounts/login/")
    sign_in(client)

    response = sign_in(client)

    assert response.status_code == 429
    assert visible_text(response) == [
        "Too many attempts",
        "Please wait a few minutes and try again.",
        "Home",
    ]


def test_staff_without_a_second_factor_are_led_to_set_one_up_and_not_locked_out(client, member):
    User.objects.filter(pk=member.pk).update(is_staff=True, is_superuser=True)

    response = client.post("/accounts/login/?next=/admin/", {"login": "member@example.com", "password": PASSWORD})

    assert response["Location"] == "/accounts/2fa/totp/activate/"
    page = client.get(response["Location"], follow=True)
    assert "Please protect your account with two-factor authentication." in " ".join(visible_text(page))
    assert '<a href="/admin/">continue</a>' in page.content.decode()
    assert client.get("/admin/").status_code == 200
