"""Test that the APIs always respond in English, even if the client or the site uses another language."""

import pytest

from core.request_context import HEADER

ENGLISH = {HEADER: "the-same-request"}
GERMAN = ENGLISH | {"Accept-Language": "de"}


@pytest.mark.parametrize("prefix", ["/api/v0", "/wacht", "/zenml", "/upsun", "/applivery", "/oauth2/token"])
@pytest.mark.parametrize("site", ["en", "de"])
def test_an_error_is_in_english(client, db, settings, prefix, site):
    plain = client.get(f"{prefix}/nowhere", headers=ENGLISH).content
    settings.LANGUAGE_CODE = site

    assert client.get(f"{prefix}/nowhere", headers=GERMAN).content == plain


def test_a_field_is_refused_in_english(client, db):
    body = {"email": "nonsense", "password": "12345678", "firstName": 5}
    asked = {"data": body, "content_type": "application/json"}

    plain = client.post("/api/v0/users/register", **asked, headers=ENGLISH)

    assert plain.status_code == 400
    assert client.post("/api/v0/users/register", **asked, headers=GERMAN).content == plain.content
    assert plain.json()["error"]["fields"]["firstName"] == ["Not a valid string."]
