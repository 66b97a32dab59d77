"""Test that APIs refuse plain http, in their own words, and that pages redirect to https."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from perfectworks.urls import error_bodies
from tests.support.request_ids import json_without_request_id

SENTENCE = "Use https. Replace a credential that was sent over http."
HOUSE = {
    "success": False,
    "message": SENTENCE,
    "error": {"code": "https_required", "message": SENTENCE},
}


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def request(client: Client, method: str, path: str, **headers: str) -> HttpResponse:
    response: Any = client.generic(method, path, headers=headers)
    return response


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("prefix", error_bodies)
def test_an_api_refuses_http_and_does_not_redirect(client: Client, prefix: str, method: str) -> None:
    for proto in ({}, {"X-Forwarded-Proto": "http"}):
        response = request(client, method, f"{prefix}/v0/organizations", **proto)
        assert (response.status_code, response["Content-Type"]) == (403, "application/json")
        assert "Location" not in response
        assert b"https" in response.content
    assert request(client, method, f"{prefix}/nothing", **{"X-Forwarded-Proto": "https"}).status_code != 403


def test_the_house_api_says_why_with_a_code(client: Client) -> None:
    assert json_without_request_id(request(client, "GET", "/api/v0/organizations")) == HOUSE


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/api/v0/docs", "/zenml/redoc", "/apiary"])
def test_a_page_redirects_to_https(client: Client, path: str) -> None:
    response = request(client, "GET", path)
    assert (response.status_code, response["Location"]) == (301, f"https://testserver{path}")


def test_without_https_or_a_trusted_proxy_nothing_changes(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = False
    assert request(client, "GET", "/api/v0/nothing").status_code == 404
