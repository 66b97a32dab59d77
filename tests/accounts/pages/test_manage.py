"""allauth's account pages, in our layout and with our links."""

from urllib.parse import unquote

import pytest

from tests.support.pages import visible_text
from tests.support.people import PASSWORD

TABS = ["Profile", "Email addresses", "Password", "Two-factor authentication", "Sessions", "Applications", "Your data"]
PAGES = {
    "/accounts/profile/": "Profile",
    "/accounts/email/": "Email addresses",
    "/accounts/password/change/": "Change password",
    "/accounts/2fa/": "Two-factor authentication",
    "/accounts/applications/": "Applications with access",
    "/accounts/sessions/": "Where you're signed in",
    "/accounts/data/": "Your data",
    "/accounts/delete/": "Delete your account",
    "/accounts/2fa/totp/activate/": "Activate authenticator app",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_our_frame_its_heading_and_no_script(client, member, path):
    client.force_login(member)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})

    response = client.get(path)
    html = response.content.decode()

    assert response.status_code == 200
    assert visible_text(response)[:8] == [*TABS, PAGES[path]]
    assert html.count("<h1") == 1
    assert "<script" not in html
    assert 'href="/static/perfectworks.css"' in html


@pytest.mark.parametrize("path", PAGES)
def test_visitors_sign_in_first(client, db, path):
    response = client.get(path)

    assert (response.status_code, unquote(response["Location"])) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "/accounts/password/reset/key/done/",
            ["Your password has been changed", "Your old password no longer works.", "Sign in"],
        ),
        (
            "/accounts/inactive/",
            [
                "This account is inactive",
                "You can't sign in with it. If this is a mistake, contact the people who run this service.",
                "Did you delete it yourself, and have you been invited again? "
                "Open the link in the invitation email and create a new account.",
                "Home",
            ],
        ),
    ],
)
def test_an_end_has_a_way_on(client, db, path, text):
    assert visible_text(client.get(path)) == text
