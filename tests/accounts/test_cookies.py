"""The cookies of an installation with https, and the name of the session cookie that a dialect documents."""

from runpy import run_path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.sessions import ROTATE_SESSION
from core import messages
from invitations.tokens import Purpose, token_for
from tests.factories import InvitationFactory, UserFactory
from tests.support.people import PASSWORD

OWN, DOCUMENTED = "__Host-session_id", "session_id"
PAGE, DIALECT, HOUSE = "/invitations", "/wacht/organizations/1/invitations", "/api/v0/users/profile"


@pytest.fixture(autouse=True)
def _https(settings: Any) -> None:
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = OWN, "__Host-csrftoken"
    settings.KNOWN_DEVICE_COOKIE_NAME = "__Host-known_device"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


@pytest.fixture
def signed_in(client: Client, db: None) -> Client:
    UserFactory.create(email="guest@example.com", password=PASSWORD)
    client.get("/accounts/login/", secure=True)
    client.post("/accounts/login/", {"login": "guest@example.com", "password": PASSWORD}, secure=True)
    return client


def status(path: str, **cookies: str) -> int:
    browser = Client()
    browser.cookies.load({name.replace("host_", "__Host-"): value for name, value in cookies.items()})
    return browser.get(path, secure=True).status_code


def test_every_cookie_has_what_its_prefix_requires(signed_in):
    assert set(signed_in.cookies) == {OWN, "__Host-csrftoken", "__Host-known_device"}
    assert [(c["secure"], c["path"], c["domain"]) for c in signed_in.cookies.values()] == [(True, "/", "")] * 3


def test_the_cookie_of_messages_has_the_prefix_too(settings):
    settings.COOKIE_PREFIX = "__Host-"

    assert run_path(messages.__file__)["PrefixedCookieStorage"].cookie_name == "__Host-messages"


def test_the_documented_name_is_read_below_its_prefix_only(signed_in):
    key = signed_in.cookies[OWN].value

    assert [status(path, session_id=key) for path in (DIALECT, HOUSE, PAGE)] == [403, 401, 302]
    assert [status(path, host_session_id=key) for path in (DIALECT, HOUSE, PAGE)] == [403, 200, 200]


def test_our_own_name_comes_first(signed_in):
    key = signed_in.cookies[OWN].value

    assert status(DIALECT, session_id="planted", host_session_id=key) == 403
    assert status(DIALECT, session_id=key, host_session_id="ended") == 401


def test_a_planted_cookie_never_becomes_our_own(signed_in, organization, owner):
    invitation = InvitationFactory.create(organization=organization, inviter=owner, email="guest@example.com")
    browser = Client(headers={"Origin": settings.PUBLIC_BASE_URL})
    browser.cookies[DOCUMENTED] = signed_in.cookies[OWN].value
    body = {"token": token_for(invitation, Purpose.EMAILED)}
    response = browser.post(
        "/wacht/organizations/invitations/accept", body, content_type="application/json", secure=True
    )

    assert response.status_code == 200
    assert OWN not in response.cookies
    assert signed_in.session[ROTATE_SESSION]  # the session was changed and saved


def test_the_dialect_names_the_documented_cookie_when_it_asks_for_one(db):
    assert Client().get(DIALECT, secure=True)["WWW-Authenticate"] == f'Cookie cookie-name="{DOCUMENTED}"'
