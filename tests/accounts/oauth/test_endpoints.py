"""The OAuth endpoints: revocation, metadata, unsupported grants and methods, invalid input."""

from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import connection
from django.test import Client
from oauth2_provider.models import get_access_token_model

from accounts.hashers import GeneratedSecretHasher
from accounts.models import User
from tests.accounts.oauth.exchange import ISSUER, Browser, Program, Response, asked, holds, result_of, tokens_of

# Revocation (RFC 7009)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unknown", None])
def test_either_token_ends_both(program: Program, invitee: User, which: str, hint: str | None):
    tokens, other = tokens_of(program, invitee), tokens_of(program, invitee)

    response = program.revokes(tokens[which], **({"token_type_hint": hint} if hint else {}))

    assert result_of(response) == (200, {})
    assert not holds(tokens["access_token"])
    assert result_of(program.refreshes(tokens["refresh_token"])) == (400, {"error": "invalid_grant"})
    assert holds(other["access_token"])


def test_what_is_not_ones_own_is_left_alone_and_not_told(program: Program, foreign_program: Program, invitee: User):
    tokens = tokens_of(program, invitee)

    for token in (tokens["access_token"], tokens["refresh_token"], "unknown"):
        response = foreign_program.revokes(token)
        assert result_of(response) == (200, {})
    assert holds(tokens["access_token"])


def test_revoking_takes_the_client_itself(program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    program.secret = "wrong"

    assert result_of(program.revokes(tokens["access_token"])) == (401, {"error": "invalid_client"})
    assert holds(tokens["access_token"])


# Metadata (RFC 8414)


def test_the_metadata():
    response = Client().get("/.well-known/oauth-authorization-server", headers={"Host": "localhost"})
    methods = ["client_secret_basic", "client_secret_post", "none"]

    assert response.json() == {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth2/authorize",
        "token_endpoint": f"{ISSUER}/oauth2/token",
        "revocation_endpoint": f"{ISSUER}/oauth2/revoke",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "scopes_supported": [
            "invitations",
            "organization:admin",
            "organization:create_projects",
            "organization:list_projects",
            "organization:manage_billing",
            "organization:manage_members",
            "organization:manage_plans",
            "organizations",
            "profile",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": False,
    }


# Clients in a browser on another origin (Fetch standard, "CORS protocol")

ALLOWED = "https://app.example.com"


def preflight(path: str, origin: str = ALLOWED) -> Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return Client().options(path, headers=headers)


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/upsun/oauth2/token", "/zenml/invitations"])
def test_an_allowed_origin_may_ask(settings: Any, path: str):
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]
    response = preflight(path)

    assert (response.status_code, response.content) == (200, b"")
    assert response["Access-Control-Allow-Origin"] == ALLOWED
    assert {"authorization", "content-type"} <= set(response["Access-Control-Allow-Headers"].split(", "))
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in response
    assert "Access-Control-Allow-Origin" not in preflight(path, "https://evil.example.com")


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/accounts/applications/", "/accounts/login/", "/admin/"])
def test_no_origin_may_ask_a_page(settings: Any, db: None, path: str):
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]

    assert "Access-Control-Allow-Origin" not in preflight(path)


# Storage


def everything_stored() -> str:
    """Return every row of every table."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return repr(rows)


def test_no_code_token_or_secret_stands_in_the_database(program: Program, service: Program, invitee: User):
    waiting = Browser(invitee).allows(program)
    tokens = tokens_of(program, invitee)
    _, newer = result_of(program.refreshes(tokens["refresh_token"]))
    _, machine = result_of(service.gets_token())
    secrets = [waiting, program.secret, service.secret, machine["access_token"]]
    secrets += [pair[name] for pair in (tokens, newer) for name in ("access_token", "refresh_token")]

    stored = everything_stored()

    assert "invitee@example.com" in stored
    assert [secret for secret in secrets if secret in stored] == []


def test_secrets_are_hashed_the_fast_way_and_passwords_are_not(program: Program):
    program.application.refresh_from_db()

    assert isinstance(identify_hasher(program.application.client_secret), GeneratedSecretHasher)
    assert not isinstance(identify_hasher(make_password("a passphrase")), GeneratedSecretHasher)


# Which APIs accept a token


def test_a_token_in_the_address_or_the_body_is_none(program: Program, invitee: User):
    token = tokens_of(program, invitee, scope="invitations profile")["access_token"]

    for path in ("/api/v0/users/profile", "/zenml/invitations"):
        assert Client().get(path, {"access_token": token}).status_code in (400, 401)
    assert Client().patch("/api/v0/users/profile", {"access_token": token}, "application/json").status_code == 401
    assert asked(token, "/api/v0/users/profile").status_code == 200


# Invalid input


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "implicit",
        "openid",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ],
)
def test_other_grants_are_not_known(service: Program, invitee: User, grant: str):
    credentials = {"username": "invitee@example.com", "password": "x", "device_code": "x"}
    refusal = {"error": "unsupported_grant_type", "error_description": "This grant_type is not supported."}

    assert result_of(service.gets_token(grant_type=grant, **credentials)) == (400, refusal)


@pytest.mark.parametrize("body", ["", "grant_type=", "client_id=unknown"])
@pytest.mark.parametrize("path", ["/oauth2/token", "/upsun/oauth2/token"])
def test_a_grant_has_to_be_named(db: None, path: str, body: str):
    """An empty parameter counts as missing (RFC 6749, section 3.2)."""
    response = Client().post(path, body, content_type="application/x-www-form-urlencoded")

    refusal = {"error": "invalid_request", "error_description": "A grant_type is required."}
    assert result_of(response) == (400, refusal)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/oauth2/token", "application/x-www-form-urlencoded"),
        ("/oauth2/revoke", "application/x-www-form-urlencoded"),
        ("/upsun/oauth2/token", "application/x-www-form-urlencoded"),
        ("/upsun/oauth2/token", "application/json"),
    ],
)
def test_a_body_above_the_limit_is_too_large(settings: Any, db: None, path: str, content_type: str):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = Client().post(path, "a" * 101, content_type=content_type)

    refusal = {"error": "invalid_request", "error_description": "The body is too large."}
    assert (response.status_code, response.json()) == (413, refusal)


@pytest.mark.parametrize("endpoint", ["token", "revoke"])
def test_other_methods_are_refused_in_the_words_of_oauth(endpoint: str):
    for method in ("get", "put", "patch", "delete"):
        response = getattr(Client(), method)(f"/oauth2/{endpoint}")
        assert (response.status_code, response.json()["error"]) == (405, "invalid_request")
        assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("endpoint", ["token", "revoke"])
@pytest.mark.parametrize(
    ("query", "body", "content_type"),
    [
        ("?client_id=x", "grant_type=client_credentials", "application/x-www-form-urlencoded"),
        ("?%zz", "grant_type=client_credentials", "application/x-www-form-urlencoded"),
        ("", "grant_type=client_credentials&client_id=a%00b&token=x", "application/x-www-form-urlencoded"),
        ("", "grant_type=%ff%fe&client_id=%zz", "application/x-www-form-urlencoded"),
        ("", "&".join("a=b" for _ in range(2000)), "application/x-www-form-urlencoded"),
        ("", "nothing like it", "multipart/form-data; boundary=x"),
        ("", "{", "multipart/form-data"),
        ("", '{"grant_type": "client_credentials"}', "application/json"),
        ("", "", ""),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_words_of_oauth(
    db: None, endpoint: str, query: str, body: str, content_type: str
):
    response = Client().post(f"/oauth2/{endpoint}{query}", body, content_type=content_type)

    assert response.status_code in (400, 401)
    assert response.json()["error"] in ("invalid_request", "unsupported_grant_type", "invalid_client")
    assert not get_access_token_model().objects.exists()


@pytest.mark.parametrize("path", ["/oauth2/", "/oauth2/applications/", "/oauth2/introspect/"])
def test_the_toolkit_serves_nothing_else(db: None, path: str):
    assert Client().get(path).status_code == 404
