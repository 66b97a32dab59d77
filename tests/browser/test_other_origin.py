"""Test browser clients on another origin: an allowed origin can get tokens and use the APIs, others are blocked."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from core.ids import to_ulid
from tests.browser.client_origin import Listener, listening
from tests.browser.consent_scenes import VERIFIER, address, client_of
from tests.browser.stage import Stage, set_stage

pytestmark = pytest.mark.browser

POST = """async ([address, form]) => {
    const answer = await fetch(address, {method: "POST", body: new URLSearchParams(form)});
    const text = await answer.text();
    return [answer.status, text && JSON.parse(text)];
}"""
GET = """async ([address, token]) => {
    const answer = await fetch(address, {headers: {Authorization: `Bearer ${token}`}});
    return [answer.status, await answer.json(), answer.headers.get("Link")];
}"""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def stage(visitor: Any) -> Stage:
    return set_stage(visitor)


@pytest.fixture
def asks_as(stage: Stage, page: Page, listener: Listener) -> Any:
    """Let the owner give consent. Return a function that sends requests as the client."""
    stage.visitor.sign_in(stage.owner)
    client = client_of(stage, listener.uri)
    stage.visitor.go(address(client, "organizations invitations"))
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Back at the client")

    def asks(path: str, **form: str) -> Any:
        return page.evaluate(POST, [stage.visitor.base_url + path, {"client_id": client.client_id, **form}])

    return asks


def reply_code(listener: Listener) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": listener.queries[-1]["code"],
        "redirect_uri": listener.uri,
        "code_verifier": VERIFIER,
    }


def test_an_allowed_origin_gets_refreshes_and_revokes_tokens_and_calls_every_api(
    stage: Stage, page: Page, listener: Listener, asks_as: Any, settings: Any
):
    settings.CORS_ALLOWED_ORIGINS = [listener.origin]
    base, organization = stage.visitor.base_url, to_ulid(stage.organization.pk)

    status, first = asks_as("/oauth2/token", **reply_code(listener))
    assert status == 200
    status, tokens = asks_as("/oauth2/token", grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert status == 200
    token = tokens["access_token"]
    assert page.evaluate(GET, [f"{base}/zenml/invitations", token])[:2] == [200, []]
    status, mine, _ = page.evaluate(GET, [f"{base}/api/v0/organizations", token])
    assert (status, len(mine["data"])) == (200, 1)
    status, sent, link = page.evaluate(GET, [f"{base}/upsun/organizations/{organization}/invitations", token])
    assert (status, len(sent)) == (200, 1)
    assert link.endswith('rel="self"')
    assert asks_as("/oauth2/revoke", token=token) == [200, {}]
    assert page.evaluate(GET, [f"{base}/zenml/invitations", token])[0] == 401


def test_another_origin_cannot_read_responses(stage: Stage, page: Page, listener: Listener, asks_as: Any):
    with pytest.raises(Error, match="Failed to fetch"):
        asks_as("/oauth2/token", **reply_code(listener))
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate(GET, [f"{stage.visitor.base_url}/zenml/invitations", "token"])


def test_an_allowed_origin_cannot_submit_forms_of_the_site(
    stage: Stage, page: Page, listener: Listener, asks_as: Any, settings: Any
):
    """The browser sends no session cookie from another origin, and the client cannot read the response."""
    settings.CORS_ALLOWED_ORIGINS = [listener.origin]
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate(POST, [f"{stage.visitor.base_url}/accounts/logout/", {}])
    stage.visitor.go("/accounts/applications/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Applications with access")
