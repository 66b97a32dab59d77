"""``/accounts/profile/``: a person's name."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

PAGE = "/accounts/profile/"
UNSAFE = "This text has a character that can't be displayed. Please type the text instead of pasting it."
SAVED = "Your name has been saved."


@pytest.fixture
def signed_in(member: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


def saves(client: Client, first_name: str, last_name: str) -> Any:
    """Submit the form with the page's CSRF token."""
    token = client.get(PAGE).context["csrf_token"]
    names = {"first_name": first_name, "last_name": last_name}
    return client.post(PAGE, {**names, "csrfmiddlewaretoken": str(token)}, follow=True)


def filled_in(page: Any) -> tuple[str, str]:
    form = page.context["form"]
    return form["first_name"].value(), form["last_name"].value()


def test_the_name_is_shown_as_it_is(signed_in, member):
    User.objects.filter(pk=member.pk).update(first_name="Mia", last_name="Rivers")

    page = signed_in.get(PAGE)

    assert page.status_code == 200
    assert visible_text(page)[7:] == [
        "Profile",
        "Members of your organizations and people you invite see your name. "
        "If you leave it empty, they see your email address.",
        "First name (optional)",
        "Last name (optional)",
        "Save",
        "Emails about your account",
        "You always get an email when your password, two-factor authentication, your email addresses or the ownership "
        "of an organization change.",
        "Email me when",
        "my role in an organization changes",
        "I am removed from an organization",
        "an API key is created for me, or in an organization that I own",
        "an OAuth application is created for me, or in an organization that I own",
        "a webhook endpoint of an organization that I own is disabled because it fails",
        "Save what I get",
    ]
    assert filled_in(page) == ("Mia", "Rivers")


def test_a_name_is_saved_with_its_event(signed_in, member):
    with track_changes() as changes:
        page = saves(signed_in, " Mia ", "Rivers")

    member.refresh_from_db()
    assert (member.first_name, member.last_name) == ("Mia", "Rivers")
    assert page.redirect_chain == [(PAGE, 302)]
    assert visible_text(page)[0] == SAVED
    assert filled_in(page) == ("Mia", "Rivers")
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [event("user.profile_updated", member, member, changed=["first_name", "last_name"])]


def test_a_name_is_taken_back(signed_in, member):
    saves(signed_in, "Mia", "Rivers")
    saves(signed_in, "", "")

    member.refresh_from_db()
    assert member.display_name == "member@example.com"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Mia\u202e", UNSAFE),
        ("M" * 129, "Ensure this value has at most 128 characters (it has 129)."),
    ],
    ids=["turned around", "too long"],
)
def test_what_is_no_name_comes_back_with_what_is_wrong(signed_in, name, complaint):
    with track_changes() as changes:
        page = saves(signed_in, name, "Rivers")

    assert page.status_code == 400
    assert page.context["form"].errors == {"first_name": [complaint]}
    assert filled_in(page) == (name, "Rivers")
    assert changes.nothing


def test_it_takes_a_csrf_token_and_somebody_who_is_signed_in(signed_in):
    with track_changes() as changes:
        assert signed_in.post(PAGE, {"first_name": "Mia"}).status_code == 403
        assert Client().post(PAGE, {"first_name": "Mia"})["Location"] == f"/accounts/login/?next={PAGE}"
    assert changes.nothing


def test_showing_it_asks_for_nothing_more_than_who_is_there(signed_in):
    with assert_queries(session="SELECT django_session", user="SELECT accounts_user"):
        signed_in.get(PAGE)


def test_the_header_leads_here(signed_in):
    assert f'<a href="{PAGE}">Account</a>' in signed_in.get("/invitations").content.decode()
