"""After a change of a client, its new scopes and redirect URIs apply to existing codes and tokens."""

from typing import Any

import pytest

from accounts.models import OAuthApplication, User
from orgs.oauth.applications import update_application
from tests.accounts.oauth.exchange import CALLBACK, Browser, Program, asked, result_of, tokens_of
from tests.support.people import session_of

BOTH = "invitations profile"
INVALID_GRANT = (400, {"error": "invalid_grant"})
ELSEWHERE = "https://client.example.com/elsewhere"


def changed(program: Program, **changes: Any) -> None:
    owner = OAuthApplication.objects.get(pk=program.application.pk).user
    update_application(by=session_of(owner), organization=None, application_id=program.application.pk, **changes)


def reaches(token: str) -> dict[str, int]:
    paths = {"profile": "users/profile", "invitations": "invitations", "organizations": "api-keys"}
    return {scope: asked(token, f"/api/v0/{path}").status_code for scope, path in paths.items()}


def test_a_token_loses_the_scope_that_its_client_loses(program: Program, invitee: User):
    token = tokens_of(program, invitee, scope=BOTH)["access_token"]
    assert reaches(token) == {"profile": 200, "invitations": 200, "organizations": 403}

    changed(program, scopes=["profile", "organizations"])

    assert reaches(token) == {"profile": 200, "invitations": 403, "organizations": 403}


def test_the_token_of_a_client_that_acts_for_its_owner_loses_it_too(personal: Program):
    token = result_of(personal.gets_token(scope=BOTH))[1]["access_token"]

    changed(personal, scopes=["invitations"])

    assert reaches(token) == {"profile": 403, "invitations": 200, "organizations": 403}
    assert result_of(personal.gets_token(scope="profile")) == (400, {"error": "invalid_scope"})


def test_a_code_and_a_refresh_token_give_what_is_left(program: Program, invitee: User):
    code, tokens = Browser(invitee).allows(program, scope=BOTH), tokens_of(program, invitee, scope=BOTH)

    changed(program, scopes=["profile"])

    for response in (program.redeems(code), program.refreshes(tokens["refresh_token"])):
        status, given = result_of(response)
        assert (status, given["scope"]) == (200, "profile")
        assert reaches(given["access_token"]) == {"profile": 200, "invitations": 403, "organizations": 403}


def test_where_nothing_is_left_nothing_is_given(program: Program, invitee: User):
    code, tokens = Browser(invitee).allows(program), tokens_of(program, invitee)

    changed(program, scopes=["organization:admin"])

    assert reaches(tokens["access_token"]) == {"profile": 403, "invitations": 403, "organizations": 403}
    for response in (program.redeems(code), program.refreshes(tokens["refresh_token"])):
        assert result_of(response) == INVALID_GRANT


def test_wider_scopes_widen_no_token(program: Program, invitee: User):
    changed(program, scopes=["profile"])
    tokens = tokens_of(program, invitee, scope="profile")

    changed(program, scopes=[])

    assert reaches(tokens["access_token"]) == {"profile": 200, "invitations": 403, "organizations": 403}
    assert result_of(program.refreshes(tokens["refresh_token"]))[1]["scope"] == "profile"


@pytest.mark.parametrize("redirect_uri", [CALLBACK, None])
def test_a_code_is_worth_nothing_once_its_address_is_not_listed(
    program: Program, invitee: User, redirect_uri: str | None
):
    code = Browser(invitee).allows(program)

    changed(program, redirect_uris=[ELSEWHERE])

    assert result_of(program.redeems(code, redirect_uri=redirect_uri))[0] == 400


def test_a_code_for_an_address_that_stays_holds_and_so_do_tokens(program: Program, invitee: User):
    code, tokens = Browser(invitee).allows(program), tokens_of(program, invitee)

    changed(program, name="Agenda", redirect_uris=[ELSEWHERE, CALLBACK])

    assert result_of(program.redeems(code))[0] == 200
    assert reaches(tokens["access_token"])["invitations"] == 200
    assert result_of(program.refreshes(tokens["refresh_token"]))[0] == 200
