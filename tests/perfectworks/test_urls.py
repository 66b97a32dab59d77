"""Test the URLconf of the project."""

from contextlib import closing

import pytest

from perfectworks.urls import error_bodies
from tests.factories import UserFactory
from tests.support.request_ids import json_without_request_id


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v0", "/api/v0/nothing", "/api/v0/nothing/", "/api/v1/%00"])
def test_an_unknown_path_of_the_api_returns_json(client, path):
    response = client.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Not found.",
        "error": {"code": "not_found", "message": "Not found."},
    }


def test_an_unknown_page_is_a_page(client):
    response = client.get("/nothing")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_icon_is_found_where_browsers_ask_for_it_unasked(client, db):
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (302, "/static/perfectworks.svg")
    with closing(client.get(response["Location"])) as icon:
        assert (icon.status_code, icon["Content-Type"]) == (200, "image/svg+xml")


def test_every_page_names_the_icon(client, django_user_model):
    client.force_login(UserFactory.create(email="staff@example.com", superuser=True))
    for path in ("/invitations", "/accounts/email/", "/admin/", "/nowhere"):
        assert '<link rel="icon" href="/static/perfectworks.svg"' in client.get(path).content.decode(), path


FRIEND, FOE = "https://app.example.com", "https://evil.example.com"
ASKED_BEFOREHAND = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}


@pytest.fixture
def friend(settings):
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]
    return FRIEND


@pytest.mark.parametrize("prefix", error_bodies)
def test_browser_clients_of_allowed_origins_may_call_every_api(client, friend, prefix):
    for path in (prefix, f"{prefix}/anything"):
        asked = client.options(path, headers=ASKED_BEFOREHAND)
        assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (200, FRIEND)
        assert client.get(path, headers={"Origin": FRIEND})["Access-Control-Allow-Origin"] == FRIEND
        assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": FOE})


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/oauth2/authorize", "/apiary", "/wachtel/x", "/healthz/live"]
)
def test_pages_are_closed_to_them(client, db, friend, path):
    assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": FRIEND})
    assert "Access-Control-Allow-Origin" not in client.options(path, headers=ASKED_BEFOREHAND)
