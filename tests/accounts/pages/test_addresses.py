"""``/accounts/email/``: the user's addresses, each with buttons."""

import pytest
from allauth.account.models import EmailAddress

from tests.factories import EmailAddressFactory
from tests.support.pages import visible_text

PAGE = "/accounts/email/"
ABOVE = ["Profile", "Email addresses", "Password", "Two-factor authentication"]
ABOVE += ["Sessions", "Applications", "Your data", "Email addresses"]
BELOW = ["Add an email address", "Email", "Add"]


@pytest.fixture
def signed_in(client, member):
    client.force_login(member)
    return client


def add(member, email, verified=False):
    return EmailAddressFactory.create(user=member, email=email, verified=verified)


def test_about_the_only_address_there_is_nothing_to_do(signed_in):
    assert visible_text(signed_in.get(PAGE)) == [*ABOVE, "member@example.com Verified Primary", *BELOW]


def test_every_other_address_has_what_can_be_done_about_it(signed_in, member):
    add(member, "proven@example.com", verified=True)
    add(member, "unproven@example.com")

    assert visible_text(signed_in.get(PAGE)) == [
        *ABOVE,
        "member@example.com Verified Primary",
        "proven@example.com Verified",
        "Make primary",
        "Remove",
        "unproven@example.com Not verified",
        "Send verification again",
        "Remove",
        *BELOW,
    ]


def test_the_main_address_can_be_proven_and_not_removed(signed_in, member):
    EmailAddress.objects.update(verified=False)

    assert visible_text(signed_in.get(PAGE)) == [
        *ABOVE,
        "member@example.com Not verified Primary",
        "Send verification again",
        *BELOW,
    ]


def test_a_button_is_about_the_address_that_it_is_named_after(signed_in, member):
    address = add(member, "unproven@example.com")

    html = signed_in.get(PAGE).content.decode()

    for name in ("send", "remove"):
        assert f'aria-labelledby="{name}-{address.pk} address-{address.pk}"' in html
    assert html.count('<input type="hidden" name="email" value="unproven@example.com">') == 1


def test_an_address_that_cannot_be_added_comes_back_with_what_is_wrong(signed_in):
    page = signed_in.post(PAGE, {"action_add": "", "email": "nowhere"})

    assert "Enter a valid email address." in visible_text(page)
