"""Test `/new-organization`: anybody who is signed in can create an organization."""

import pytest

from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from tests.support.pages import visible_text
from tests.support.people import role_id_of

PAGE = "/new-organization"


@pytest.fixture(autouse=True)
def _signed_in(client, stranger):
    client.force_login(stranger)


def test_the_page_asks_for_the_name(client):
    page = client.get(PAGE)

    assert page.status_code == 200
    assert visible_text(page) == [
        "Create an organization",
        "You become its owner. Then you can invite people, and give them roles.",
        "Name",
        "The people you invite see it. You can change it later.",
        "Create",
        "Cancel",
    ]


def test_the_founder_becomes_the_owner_and_sees_the_organization(client, stranger):
    page = client.post(PAGE, {"name": " Łódź Boats "}, follow=True)

    organization = Organization.objects.get()
    assert (organization.name, organization.slug) == ("Łódź Boats", "lodz-boats")
    assert page.redirect_chain == [("/organizations/lodz-boats", 302), ("/organizations/lodz-boats/people", 302)]
    assert visible_text(page)[0] == "Łódź Boats has been created. You are its owner."
    assert role_id_of(stranger, organization) == OWNER_ROLE


def test_creating_one_rotates_the_session(client):
    before = client.session.session_key
    client.post(PAGE, {"name": "Lakeside"}, follow=True)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "This field is required."),
        ("x" * 257, "Ensure this value has at most 256 characters (it has 257)."),
        (
            "No\u202eeY",
            "This text has a character that can't be displayed. Please type the text instead of pasting it.",
        ),
    ],
)
def test_a_name_that_is_not_valid_is_refused(client, name, said):
    page = client.post(PAGE, {"name": name})

    assert page.status_code == 400
    assert said in visible_text(page)
    assert not Organization.objects.exists()


def test_the_daily_limit_says_when_to_try_again(client, settings):
    settings.ORGANIZATIONS_PER_PERSON_PER_DAY = 1
    client.post(PAGE, {"name": "First"})

    page = client.post(PAGE, {"name": "Second"})

    assert (page.status_code, int(page["Retry-After"]) > 86_000) == (429, True)
    assert "You have created the maximum number of organizations for one day. Try again in 24 hours." in visible_text(
        page
    )


def test_visitors_sign_in_first(client):
    client.logout()
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/new-organization"
