"""A refresh token is valid once. Its reuse revokes all tokens of its family (RFC 9700, section 4.14.2)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.models import User
from tests.accounts.oauth.exchange import Program, holds, result_of, tokens_of

INVALID_GRANT = (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("kind", ["program", "public_program"])
def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(request: pytest.FixtureRequest, invitee: User, kind: str):
    program = request.getfixturevalue(kind)
    old = tokens_of(program, invitee)

    status, new = result_of(program.refreshes(old["refresh_token"]))

    assert (status, new) == (200, {**old, "access_token": new["access_token"], "refresh_token": new["refresh_token"]})
    assert {new["access_token"], new["refresh_token"]}.isdisjoint(old.values())
    assert (holds(old["access_token"]), holds(new["access_token"])) == (False, True)


def test_a_refresh_token_that_comes_again_ends_the_family(program: Program, invitee: User):
    first, other = tokens_of(program, invitee), tokens_of(program, invitee)
    _, second = result_of(program.refreshes(first["refresh_token"]))
    _, third = result_of(program.refreshes(second["refresh_token"]))

    assert result_of(program.refreshes(first["refresh_token"])) == INVALID_GRANT

    assert result_of(program.refreshes(third["refresh_token"])) == INVALID_GRANT
    assert not holds(third["access_token"])
    assert holds(other["access_token"])


def test_a_refresh_never_widens_what_was_allowed(program: Program, invitee: User):
    body = {
        "grant_type": "refresh_token",
        "refresh_token": tokens_of(program, invitee)["refresh_token"],
        **program.credentials,
    }

    assert result_of(program.posts("token", {**body, "scope": "invitations organizations"})) == (
        400,
        {"error": "invalid_scope"},
    )
    assert result_of(program.posts("token", {**body, "scope": "invitations"}))[1]["scope"] == "invitations"


def test_a_refresh_token_belongs_to_its_client(program: Program, foreign_program: Program, invitee: User):
    tokens = tokens_of(program, invitee)

    assert result_of(foreign_program.refreshes(tokens["refresh_token"])) == INVALID_GRANT
    assert result_of(program.refreshes(tokens["refresh_token"]))[0] == 200


def test_a_client_with_a_secret_shows_it(program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    program.secret = "wrong"

    assert result_of(program.refreshes(tokens["refresh_token"])) == (401, {"error": "invalid_client"})


def test_a_deactivated_person_gets_none_and_what_there_is_stops(program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    User.objects.filter(pk=invitee.pk).update(is_active=False)

    assert not holds(tokens["access_token"])
    assert result_of(program.refreshes(tokens["refresh_token"])) == INVALID_GRANT


def test_what_a_client_holds_stops_with_its_owner(program: Program, owner: User, invitee: User):
    tokens = tokens_of(program, invitee)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    assert not holds(tokens["access_token"])
    assert result_of(program.refreshes(tokens["refresh_token"])) == (401, {"error": "invalid_client"})


def test_an_access_token_ends_after_an_hour_and_a_refresh_token_a_month_later(program: Program, invitee: User):
    tokens = tokens_of(program, invitee)
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert not holds(tokens["access_token"])

    get_access_token_model().objects.update(expires=timezone.now() - timedelta(days=30, seconds=1))
    assert result_of(program.refreshes(tokens["refresh_token"])) == INVALID_GRANT


@pytest.mark.parametrize("token", ["", "unknown", "é"])
def test_an_unknown_refresh_token(program: Program, token: str):
    status, refusal = result_of(program.refreshes(token))
    assert (status, refusal["error"]) in ((400, "invalid_grant"), (400, "invalid_request"))
