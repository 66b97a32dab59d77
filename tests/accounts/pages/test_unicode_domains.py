"""Test that every page that takes an address normalizes it, and shows its domain in Unicode."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC

from accounts.models import User
from tests.factories import UserFactory
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

STORED, SHOWN = "ann@xn--bcher-kva.example", "ann@bücher.example"
TYPED = [
    "ann@bücher.example",
    "Ann@BÜCHER.example",
    "ann@bu\u0308cher.example",
    "\u00a0ann@bücher.example\u200b",
    STORED,
]
NAMED = "Ann Lee <ann@bücher.example>"


@pytest.fixture
def ann(db: None) -> User:
    return UserFactory.create(email=STORED, password=PASSWORD)


def addresses() -> list[tuple[str, bool]]:
    return list(EmailAddress.objects.values_list("email", "verified"))


@pytest.mark.parametrize("typed", [*TYPED, NAMED])
def test_signing_in_accepts_every_form_of_the_address_and_writes_no_second_row(client, ann, typed):
    response = client.post("/accounts/login/", {"login": typed, "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/")
    assert addresses() == [(STORED, True)]


def test_signing_in_before_the_address_is_verified_writes_no_second_row(client, ann):
    EmailAddress.objects.update(verified=False)

    response = client.post("/accounts/login/", {"login": SHOWN, "password": PASSWORD})

    assert response["Location"] == "/accounts/confirm-email/"
    assert addresses() == [(STORED, False)]


@pytest.mark.parametrize("typed", [*TYPED, NAMED])
def test_signing_up_stores_the_normalized_address(client, db, typed):
    client.post("/accounts/signup/", {"email": typed, "password1": PASSWORD})

    assert User.objects.get().email == STORED
    assert addresses() == [(STORED, False)]


@pytest.mark.parametrize("typed", [*TYPED, NAMED])
def test_a_password_reset_finds_the_account(client, ann, mailoutbox, typed):
    client.post("/accounts/password/reset/", {"email": typed})

    assert mailoutbox[0].to == [STORED]
    assert "/password/reset/key/" in mailoutbox[0].body
    assert SHOWN in mailoutbox[0].body


def test_an_added_address_is_normalized_and_shown_in_unicode(client, db, mailoutbox):
    member = UserFactory.create(email="member@example.com", password=PASSWORD)
    client.force_login(member)

    response = client.post("/accounts/email/", {"email": NAMED, "action_add": ""}, follow=True)

    assert (STORED, False) in addresses()
    assert mailoutbox[0].to == [STORED]
    assert f"{SHOWN} Not verified" in visible_text(response)
    assert f"We've emailed a confirmation link to {SHOWN}." in " ".join(visible_text(response))


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("/accounts/login/", "login", {"password": PASSWORD}),
        ("/accounts/signup/", "email", {"password1": PASSWORD}),
        ("/accounts/password/reset/", "email", {}),
    ],
)
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("ü@example.com", "Email addresses with letters such as “ü” (U+00FC) before the @ are not supported."),
        ("erased-1@erased.invalid", "This email address is reserved. It belongs to nobody."),
        (" ", "This field is required."),
    ],
)
def test_a_form_says_what_is_wrong_with_the_address(client, db, path, field, more, typed, message):
    response = client.post(path, {field: typed, **more})

    assert response.status_code == 200
    assert message in visible_text(response)
    assert addresses() == []


def test_the_page_of_a_confirmation_link_shows_the_domain_in_unicode(client, ann):
    EmailAddress.objects.update(verified=False)
    address = EmailAddress.objects.get()

    page = visible_text(client.get(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"))

    assert f"Please confirm that {SHOWN} is an address of the account {SHOWN}." in page
    assert STORED not in " ".join(page)
