"""Test the requests to ``/upsun/oauth2/token`` in which the vendor's published clients differ from RFC 6749."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.ids import to_ulid
from orgs.actions.api_keys import create_api_key, delete_api_key
from orgs.models import ApiKey, Organization
from orgs.oauth.applications import register_client
from orgs.permissions import LIST_PROJECTS
from tests.accounts.oauth.exchange import CALLBACK, VERIFIER, Browser, Program, basic, result_of
from tests.support.people import session_of

TOKEN = "/upsun/oauth2/token"


def asks(body: object, **headers: str) -> Any:
    """Send a token request like the Node client: a JSON body, and the client id with an empty secret."""
    given = {"Authorization": basic("platform-cli", ""), **headers}
    return Client(enforce_csrf_checks=True).post(
        TOKEN, json.dumps(body), content_type="application/json", headers=given
    )


def lists(token: str, organization: Organization) -> Any:
    path = f"/upsun/organizations/{to_ulid(organization.pk)}/invitations"
    return Client().get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def key(owner: User, organization: Organization) -> tuple[ApiKey, str]:
    return create_api_key(by=session_of(owner), organization_id=organization.pk, name="Nightly")


def exchanged(secret: str) -> str:
    status, body = result_of(asks({"grant_type": "api_token", "api_token": secret}))
    assert (status, body) == (200, {"access_token": body["access_token"], "token_type": "Bearer", "expires_in": 900})
    return body["access_token"]


def test_an_api_key_becomes_a_token_that_is_not_the_key(key: tuple[ApiKey, str], organization: Organization):
    token = exchanged(key[1])

    assert key[1] not in token
    assert lists(token, organization).json() == []


def test_a_form_works_as_well(key: tuple[ApiKey, str]):
    response = Client().post(TOKEN, {"grant_type": "api_token", "api_token": key[1]})

    assert result_of(response)[0] == 200


def test_the_token_can_do_what_the_key_can(owner: User, organization: Organization, stranger: User):
    _, secret = create_api_key(
        by=session_of(owner), organization_id=organization.pk, name="Narrow", permissions=frozenset({LIST_PROJECTS})
    )

    assert lists(exchanged(secret), organization).status_code == 403


def test_the_token_works_like_the_key_wherever_bearer_tokens_are_accepted(
    key: tuple[ApiKey, str], organization: Organization
):
    bearer = {"Authorization": f"Bearer {exchanged(key[1])}"}

    found = Client().get("/api/v0/organizations", headers=bearer).json()["data"]
    assert [row["id"] for row in found] == [str(organization.pk)]
    assert Client().get("/zenml/invitations", headers=bearer).status_code == 403
    both = Client().get("/api/v0/organizations", headers=bearer | {"X-API-Key": key[1]})
    assert both.status_code == 400


def test_the_token_ends_with_the_key(key: tuple[ApiKey, str], owner: User, organization: Organization):
    token = exchanged(key[1])
    delete_api_key(by=session_of(owner), organization_id=organization.pk, key_id=key[0].pk)

    assert lists(token, organization).status_code == 401


def test_the_token_ends_after_a_quarter_of_an_hour(key: tuple[ApiKey, str], organization: Organization):
    token = exchanged(key[1])

    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert lists(token, organization).status_code == 401


def test_only_what_this_endpoint_signed_is_a_token(key: tuple[ApiKey, str], organization: Organization):
    for forged in (
        f"{key[0].pk}:1:x",
        signing.TimestampSigner(salt="other").sign(str(key[0].pk)),
        exchanged(key[1])[:-1],
    ):
        assert lists(forged, organization).status_code == 401


@pytest.mark.parametrize("secret", ["", "pw_unknown", "\u00e9"])
def test_invalid_keys_are_refused(db: None, secret: str):
    assert result_of(asks({"grant_type": "api_token", "api_token": secret})) == (
        400,
        {"error": "invalid_grant", "error_description": "This API token is not valid."},
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "The body must be a JSON object."),
        (None, "The body must be a JSON object."),
        ({"grant_type": 1}, "Every parameter must be a string."),
        ({"grant_type": ["api_token"]}, "Every parameter must be a string."),
        ({"grant_type": "api_token", "api_token": "\x00"}, "The body is not valid."),
    ],
)
def test_a_body_other_than_an_object_of_strings_is_refused(db: None, body: object, said: str):
    assert result_of(asks(body)) == (400, {"error": "invalid_request", "error_description": said})


def test_another_grant_than_the_known_ones_is_refused(db: None):
    assert result_of(asks({"grant_type": "password"})) == (
        400,
        {"error": "unsupported_grant_type", "error_description": "This grant_type is not supported."},
    )


def test_the_standard_endpoint_accepts_neither(key: tuple[ApiKey, str]):
    response = Client().post("/oauth2/token", {"grant_type": "api_token", "api_token": key[1]})

    assert result_of(response)[0] == 400


def redeemed(program: Program, person: User, secret: str = "") -> tuple[int, dict[str, Any]]:
    """Redeem a code like the browser client: a JSON body, and a header with the client id and an empty secret."""
    body = {
        "grant_type": "authorization_code",
        "code": Browser(person).allows(program),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return result_of(asks(body, Authorization=basic(program.application.client_id, secret)))


def test_a_public_client_redeems_its_code(owner: User, invitee: User):
    program = Program(*register_client(by=session_of(owner), name="Phone", redirect_uris=[CALLBACK], public=True))

    status, tokens = redeemed(program, invitee)

    assert status == 200
    assert sorted(tokens) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]


def test_a_client_with_a_secret_must_show_it(owner: User, invitee: User):
    program = Program(*register_client(by=session_of(owner), name="Calendar", redirect_uris=[CALLBACK]))

    assert redeemed(program, invitee) == (401, {"error": "invalid_client"})
    assert redeemed(program, invitee, "wrong") == (401, {"error": "invalid_client"})
    assert redeemed(program, invitee, program.secret)[0] == 200


@pytest.mark.parametrize("path", [TOKEN, "/upsun/oauth2/unknown"])
def test_only_post_is_supported(path: str):
    response = Client().get(path)

    assert response.status_code == (405 if path == TOKEN else 404)
    assert response["Content-Type"] == "application/json"
