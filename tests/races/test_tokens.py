"""Authorization codes and refresh tokens can only be used once, even by concurrent requests."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from accounts.actions.oauth_access import withdraw_access
from accounts.models import ApplicationAccess, User
from orgs.oauth.applications import register_client
from tests.accounts.oauth.exchange import CALLBACK, Browser, Program, holds, result_of, tokens_of
from tests.races.racing import race, rounds
from tests.support.people import session_of

pytestmark = [pytest.mark.django_db(transaction=True)]
INVALID_GRANT = (400, {"error": "invalid_grant"})


@pytest.fixture
def program(somebody: Callable[[], User]) -> Program:
    return Program(*register_client(by=session_of(somebody()), name="Calendar", redirect_uris=[CALLBACK]))


def at_once(program: Program, way: str, secret: str) -> list[tuple[int, dict[str, Any]]]:
    """Send the same token request twice at once. Return both responses, the successful response first."""
    contenders = (replace(program, http=Client()) for _ in range(2))
    answers = race(*(partial(getattr(contender, way), secret) for contender in contenders))
    return sorted(map(result_of, answers), key=lambda pair: pair[0])


def live_tokens() -> tuple[int, int]:
    return get_access_token_model().objects.count(), get_refresh_token_model().objects.filter(revoked=None).count()


def test_a_code_redeemed_twice_at_once_gives_one_pair_and_ends_it(program: Program, somebody: Callable[[], User]):
    """A code that is used twice may have been stolen, so its tokens are revoked (RFC 6749, section 4.1.2)."""
    for _ in rounds():
        person = somebody()
        (status, tokens), refused = at_once(program, "redeems", Browser(person).allows(program))

        assert (status, refused) == (200, INVALID_GRANT)
        assert not holds(tokens["access_token"])
        assert live_tokens() == (0, 0)


def test_a_refresh_token_used_twice_at_once_gives_one_pair_and_ends_it(program: Program, somebody: Callable[[], User]):
    """The second use of a refresh token revokes all tokens of its family (RFC 9700, section 4.14.2)."""
    for _ in rounds():
        first = tokens_of(program, somebody())
        (status, second), refused = at_once(program, "refreshes", first["refresh_token"])

        assert (status, refused) == (200, INVALID_GRANT)
        assert not holds(first["access_token"])
        assert not holds(second["access_token"])
        assert live_tokens() == (0, 0)


@pytest.mark.parametrize("way", ["redeems", "refreshes"])
def test_withdrawing_access_during_a_token_request_leaves_no_token(
    program: Program, somebody: Callable[[], User], way: str
):
    for _ in rounds():
        person = somebody()
        secret = Browser(person).allows(program) if way == "redeems" else tokens_of(program, person)["refresh_token"]
        access = ApplicationAccess.objects.get(user=person)
        withdraw = partial(withdraw_access, by=session_of(person), access_id=access.pk)

        response, _ = race(partial(getattr(replace(program, http=Client()), way), secret), withdraw)

        assert result_of(response)[0] in (200, 400)
        assert live_tokens() == (0, 0)
