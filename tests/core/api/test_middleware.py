"""Test that every error below an API's path prefix is JSON in that API's format, even outside of API views."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.support.request_ids import json_without_request_id

pytestmark = pytest.mark.urls("tests.core.api.urls")


NOT_FOUND = {
    "success": False,
    "message": "Not found.",
    "error": {"code": "not_found", "message": "Not found."},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v0",
        "/api/v0/",
        "/api/v9/notes",
        "/api/v0/nothing/at/all/",
        "/api/v0/notes/not-a-uuid",
        "/api/v0//notes",
        "/api/v0/%00",
        "/api/v0/notes%00",
        "/api/v0/%FF%FE",
        "/api/v0/%ED%A0%80",
        "/api/v0/notes%0A",
        "/api/v0/%E2%80%AE",
        "/api/v0/../../",
    ],
)
def test_an_unknown_path_is_not_found_in_json(api, path):
    response = api.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")
    assert json_without_request_id(response) == NOT_FOUND
    assert response.headers["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_path_is_not_found_by_any_method(api, method):
    response = api.generic(method, "/api/v0/nothing", b"\xff", content_type="text/plain")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")


@pytest.mark.parametrize("path", ["/api/v0/notes", "/api/v0/nothing"])
def test_a_body_of_unknown_length_is_not_taken_for_an_empty_one(api, path):
    response = api.post(path, {"title": "Note"}, headers={"Transfer-Encoding": "chunked"})

    assert response.status_code == 411
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Length Required.",
        "error": {"code": "length_required", "message": "Length Required."},
    }


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(METHODS))
def test_every_path_below_a_prefix_gets_json(tail, method):
    client = APIClient()
    response = client.generic(method, f"/api/v9/{tail}")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")


@pytest.mark.parametrize("debug", [True, False])
def test_a_django_view_that_finds_nothing_tells_nothing(api, settings, debug):
    settings.DEBUG = debug
    response = api.get("/api/faults/plain/missing")
    assert response.status_code == 404
    assert json_without_request_id(response) == NOT_FOUND


@pytest.mark.parametrize("debug", [True, False])
def test_a_django_view_that_crashes_tells_nothing(api, settings, debug):
    settings.DEBUG = debug
    response = api.get("/api/faults/plain/crash")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"


def test_a_missing_csrf_token_is_refused_in_json():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/api/faults/plain/form")
    assert response.status_code == 403
    assert json_without_request_id(response) == {
        "success": False,
        "message": "You may not do this.",
        "error": {"code": "denied", "message": "You may not do this."},
    }


def test_a_host_we_do_not_serve_is_refused_in_json(api):
    response = api.get("/api/v0/nothing", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_what_other_middleware_sets_is_kept(api, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    response = api.get("/api/v0/nothing", headers={"Origin": "https://app.example.com"})
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_each_prefix_fails_in_its_own_words(api):
    assert api.get("/terse/nothing").json() == {"error": "Not found.", "path": "/terse/nothing"}
    assert api.get("/terse/crash").status_code == 500
    assert api.get("/terse/crash").json()["path"] == "/terse/crash"


@pytest.mark.parametrize("path", ["/", "/apis", "/terser/page"])
def test_beside_the_prefixes_pages_stay_pages(api, path):
    response = api.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
