"""Test the consent page in a browser, with a client that receives the callback."""

from collections.abc import Iterator

import pytest
import requests
from oauth2_provider.models import get_grant_model
from playwright.sync_api import Page, expect

from tests.browser.client_origin import Listener, listening
from tests.browser.consent_scenes import VERIFIER, address, client_of
from tests.browser.stage import Stage, set_stage
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def stage(visitor) -> Stage:
    return set_stage(visitor)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_from_the_client_by_sign_in_and_consent_to_an_api_response(stage, page, listener):
    client = client_of(stage, listener.uri)
    stage.visitor.go(address(client, "invitations"))
    page.get_by_label("Email").fill("invitee@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Calendar to act for you?")
    press(page, "Allow")

    expect(page.get_by_role("heading", level=1)).to_have_text("Back at the client")
    [query] = listener.queries
    assert query == {"code": query["code"], "state": "as it was", "iss": query["iss"]}
    redeemed = requests.post(
        f"{stage.visitor.base_url}/oauth2/token",
        {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            "code": query["code"],
            "redirect_uri": listener.uri,
            "code_verifier": VERIFIER,
        },
        timeout=10,
    ).json()
    answer = requests.get(
        f"{stage.visitor.base_url}/api/v0/invitations",
        headers={"Authorization": f"Bearer {redeemed['access_token']}"},
        timeout=10,
    ).json()
    assert [row["id"] for row in answer["data"]] == [str(stage.invitation.pk)]


def test_cancelling_returns_access_denied(stage, page, listener):
    stage.visitor.sign_in(stage.invitee)
    stage.visitor.go(address(client_of(stage, listener.uri)))
    press(page, "Cancel")

    expect(page.get_by_role("heading", level=1)).to_have_text("Back at the client")
    [query] = listener.queries
    assert query == {"error": "access_denied", "state": "as it was", "iss": query["iss"]}
    assert not get_grant_model().objects.exists()


def test_both_buttons_look_the_same(stage, page):
    stage.visitor.sign_in(stage.invitee)
    stage.visitor.go(address(client_of(stage, "https://client.example.com/callback")))
    looks = [
        page.get_by_role("button", name=name, exact=True).evaluate(
            "e => [e.offsetWidth, e.offsetHeight, getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        )
        for name in ("Allow", "Cancel")
    ]
    assert looks[0] == looks[1]


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_a_wrong_redirect_uri_shows_an_error_and_does_not_redirect(stage, page, listener):
    stage.visitor.sign_in(stage.invitee)
    client = client_of(stage, listener.uri)
    stage.visitor.go(address(client, redirect_uri=f"{listener.uri}/elsewhere"))

    expect(page.get_by_role("heading", level=1)).to_have_text("This application can't get access")
    assert listener.queries == []
