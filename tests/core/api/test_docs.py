"""Test the documentation pages of an API: they are self-hosted and have a strict Content-Security-Policy."""

import gzip

import pytest
from django.contrib.staticfiles.finders import find

pytestmark = pytest.mark.urls("tests.core.api.urls")


def policy_of(response):
    directives = (part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: set(sources.split()) for name, _, sources in directives}


def test_the_document_is_served(client):
    response = client.get("/api/v0/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json()["info"]["title"] == "Notes"


def test_a_document_is_sent_compressed(client):
    plain, compressed = (
        client.get("/api/v0/openapi.json", headers=headers) for headers in ({}, {"Accept-Encoding": "gzip"})
    )
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in compressed.headers["Vary"]
    assert gzip.decompress(compressed.content) == plain.content


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_document_that_the_client_has_is_not_sent_again(client, encoding):
    first = client.get("/api/v0/openapi.json", headers={"Accept-Encoding": encoding})
    assert first.headers["Cache-Control"] == "no-cache"
    again, other = (
        client.get("/api/v0/openapi.json", headers={"Accept-Encoding": encoding, "If-None-Match": tag})
        for tag in (first.headers["ETag"], '"another"')
    )
    assert (again.status_code, again.content, again.headers["ETag"]) == (
        304,
        b"",
        first.headers["ETag"].removeprefix("W/"),
    )
    assert (other.status_code, other.headers["ETag"]) == (200, first.headers["ETag"])


OUR_PAGES = {
    "default-src": {"'none'"},
    "base-uri": {"'none'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
    "img-src": {"'self'", "data:"},
    "style-src": {"'self'"},
}
SWAGGER = {"script-src": {"'self'"}, "connect-src": {"'self'"}}
REDOC = SWAGGER | {"style-src": {"'self'", "'unsafe-inline'"}, "worker-src": {"blob:"}}


@pytest.mark.parametrize(("viewer", "more"), [("docs", SWAGGER), ("redoc", REDOC), ("openapi.json", {})])
def test_each_viewer_may_do_what_it_needs_and_no_more(client, viewer, more):
    assert policy_of(client.get(f"/api/v0/{viewer}")) == OUR_PAGES | more


@pytest.mark.parametrize("viewer", ["docs", "redoc"])
def test_a_page_names_its_document_and_only_files_of_ours(client, viewer):
    content = client.get(f"/api/v0/{viewer}").content.decode()
    assert '="/api/v0/openapi.json"' in content
    assert "<style" not in content
    assert "<script>" not in content
    assert "//" not in content


@pytest.mark.parametrize(
    "file",
    [
        "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css",
        "drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png",
        "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js",
        "api/swagger.js",
    ],
)
def test_every_file_of_the_viewers_is_there(file):
    assert find(file)


@pytest.mark.parametrize("accept", ["text/html", "application/json", "image/png", "nonsense"])
@pytest.mark.parametrize("viewer", ["openapi.json", "docs", "redoc"])
def test_a_page_is_the_same_whatever_would_be_accepted(client, viewer, accept):
    plain, asked = client.get(f"/api/v0/{viewer}"), client.get(f"/api/v0/{viewer}", headers={"Accept": accept})
    assert (asked.status_code, asked.headers["Content-Type"]) == (200, plain.headers["Content-Type"])


@pytest.mark.parametrize("viewer", ["openapi.json", "docs", "redoc"])
def test_no_page_gives_windows_of_other_origins_a_hold_on_itself(client, viewer):
    assert client.get(f"/api/v0/{viewer}").headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("viewer", ["openapi.json", "docs", "redoc"])
def test_the_pages_only_show(client, viewer):
    for method in ("post", "put", "options"):
        assert getattr(client, method)(f"/api/v0/{viewer}").status_code == 405
    assert client.head(f"/api/v0/{viewer}").status_code == 200


@pytest.mark.browser
@pytest.mark.parametrize(("viewer", "to_open"), [("docs", ["List notes"]), ("redoc", [])])
def test_the_viewers_show_the_api_in_a_browser(browser_page, viewer, to_open):
    blocked = []
    browser_page.on("console", lambda message: blocked.append(message.text) if message.type == "error" else None)
    browser_page.goto(f"/api/v0/{viewer}")
    for text in to_open:
        browser_page.get_by_text(text).first.click()
    browser_page.get_by_text("The newest first, unless asked otherwise.").first.wait_for()
    # The policy blocks Redoc's logo, which is on another host. It blocks nothing else.
    assert [text for text in blocked if "cdn.redoc.ly/redoc/logo-mini.svg" not in text] == []
