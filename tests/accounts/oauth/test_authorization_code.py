"""The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 9207)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model

from accounts.models import User
from tests.accounts.oauth.exchange import (
    CALLBACK,
    ISSUER,
    VERIFIER,
    Browser,
    Program,
    asked,
    basic,
    challenge,
    holds,
    parameters,
    result_of,
    tokens_of,
)

INVALID_GRANT = (400, {"error": "invalid_grant"})
INVALID_CLIENT = (401, {"error": "invalid_client"})


@pytest.mark.parametrize("kind", ["program", "public_program"])
def test_the_whole_exchange(request: pytest.FixtureRequest, invitee: User, kind: str):
    program = request.getfixturevalue(kind)
    redirect = parameters(Browser(invitee).answers(program.asks()))

    status, tokens = result_of(program.redeems(redirect["code"]))

    assert redirect == {"code": redirect["code"], "state": "s t&te", "iss": ISSUER}
    assert (status, tokens) == (
        200,
        {
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "invitations",
        },
    )
    assert asked(tokens["access_token"]).json()["data"] == []


def test_the_client_may_show_its_secret_in_the_header(program: Program, invitee: User):
    code = Browser(invitee).allows(program)
    body = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
    }  # fmt: skip

    header = basic(program.application.client_id, program.secret)
    assert result_of(program.posts("token", body, Authorization=header))[0] == 200


def test_without_scopes_those_that_most_clients_need_are_asked_for(program: Program, invitee: User):
    assert tokens_of(program, invitee, scope=None)["scope"] == "profile invitations organizations"


def test_without_a_redirect_address_the_only_registered_one_is_meant(program: Program, invitee: User):
    code = Browser(invitee).allows(program, redirect_uri=None)
    assert result_of(program.redeems(code, redirect_uri=None))[0] == 200


@pytest.mark.parametrize(
    "verifier", [None, "", "another-verifier-of-forty-three-characters-long", challenge(VERIFIER), VERIFIER + " "]
)
def test_a_code_is_worth_nothing_without_its_verifier(program: Program, invitee: User, verifier: str | None):
    status, refusal = result_of(program.redeems(Browser(invitee).allows(program), code_verifier=verifier))

    assert (status, refusal["error"]) in ((400, "invalid_grant"), (400, "invalid_request"))
    assert not get_access_token_model().objects.exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "Code challenge required."),
        ({"code_challenge": None}, "Code challenge required."),
        ({"code_challenge_method": None}, "A code_challenge of method S256 is required."),
        ({"code_challenge_method": "plain"}, "A code_challenge of method S256 is required."),
        ({"code_challenge": "short"}, "A code_challenge of method S256 is required."),
        ({"code_challenge": "x" * 300}, "A code_challenge of method S256 is required."),
        ({"code_challenge_method": "S512"}, "Transform algorithm not supported."),
    ],
)
def test_nobody_is_asked_without_a_challenge_of_sha_256(
    program: Program, invitee: User, changes: dict[str, str | None], reason: str
):
    refusal = {"error": "invalid_request", "error_description": reason, "state": "s t&te", "iss": ISSUER}

    assert parameters(Browser(invitee).opens(program.asks(**changes))) == refusal
    assert parameters(Browser(invitee).answers(program.asks(**changes))) == refusal
    assert not get_grant_model().objects.exists()


def test_a_code_used_twice_is_refused_and_ends_all_that_came_of_it(program: Program, invitee: User):
    code = Browser(invitee).allows(program)
    _, first = result_of(program.redeems(code))
    _, second = result_of(program.refreshes(first["refresh_token"]))
    other = tokens_of(program, invitee)
    assert holds(second["access_token"])

    assert result_of(program.redeems(code)) == INVALID_GRANT

    assert not holds(first["access_token"])
    assert not holds(second["access_token"])
    assert result_of(program.refreshes(second["refresh_token"])) == INVALID_GRANT
    assert holds(other["access_token"])


def test_a_code_is_good_for_a_minute(program: Program, invitee: User):
    code = Browser(invitee).allows(program)
    grant = get_grant_model().objects.get()
    assert timedelta(seconds=50) < grant.expires - timezone.now() <= timedelta(seconds=60)
    get_grant_model().objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert result_of(program.redeems(code)) == INVALID_GRANT


def test_a_code_belongs_to_the_client_that_asked(program: Program, foreign_program: Program, invitee: User):
    code = Browser(invitee).allows(program)

    assert result_of(foreign_program.redeems(code)) == INVALID_GRANT
    assert result_of(program.redeems(code))[0] == 200


def test_a_code_belongs_to_the_address_it_was_sent_to(program: Program, invitee: User):
    status, refusal = result_of(program.redeems(Browser(invitee).allows(program), redirect_uri=CALLBACK + "/"))
    assert (status, refusal["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("code", ["", "unknown", "x" * 5000, "é", "%00"])
def test_an_unknown_code(program: Program, code: str):
    assert result_of(program.redeems(code)) == INVALID_GRANT


def test_a_person_who_was_deactivated_in_between_gets_no_token(program: Program, invitee: User):
    code = Browser(invitee).allows(program)
    User.objects.filter(pk=invitee.pk).update(is_active=False)

    assert result_of(program.redeems(code)) == INVALID_GRANT


@pytest.mark.parametrize("secret", ["wrong", "", None])
def test_a_client_with_a_secret_shows_it(program: Program, invitee: User, secret: str | None):
    code = Browser(invitee).allows(program)
    response = program.redeems(code, client_secret=secret)

    assert result_of(response) == INVALID_CLIENT
    assert response["WWW-Authenticate"] == 'Basic realm="oauth2"'
    assert result_of(program.redeems(code))[0] == 200


def test_an_unknown_client_and_a_wrong_secret_are_not_told_apart(program: Program):
    program.secret = "wrong"
    wrong = result_of(program.redeems("code"))
    program.application.client_id = "unknown"

    assert result_of(program.redeems("code")) == wrong == INVALID_CLIENT
