"""Nobody can find out by the time of a response whether an address has an account: the work is the same.

The work is counted, not timed: password hashes, emails and queries.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.accounts.counted_work import counted_work
from tests.factories import UserFactory
from tests.support.changes import track_changes
from tests.support.people import PASSWORD

TAKEN, FREE = "member@example.com", "nobody@example.com"


def sign_up(client: Client, address: str) -> Any:
    return client.post("/accounts/signup/", {"email": address, "password1": PASSWORD})


def register(client: Client, address: str) -> Any:
    body = {"email": address, "password": PASSWORD}
    return client.post("/api/v0/users/register", body, content_type="application/json")


def forget_password(client: Client, address: str) -> Any:
    return client.post("/accounts/password/reset/", {"email": address})


def mistype_password(client: Client, address: str) -> Any:
    return client.post("/accounts/login/", {"login": address, "password": "wrong"})


def claim(client: Client, address: str) -> Any:
    client.force_login(UserFactory.create(email="stranger@example.com"))
    client.get("/accounts/email/")
    return client.post("/accounts/email/", {"action_add": "", "email": address})


def work_of(request: Callable[[Client, str], Any], address: str) -> tuple[int, Counter[str]]:
    cache.clear()
    client = Client()
    with counted_work() as work:
        response = request(client, address)
    User.objects.filter(email="stranger@example.com").delete()
    return response.status_code, work


@pytest.mark.parametrize("request_", [sign_up, register, forget_password, mistype_password, claim])
@pytest.mark.parametrize(
    "account",
    [{"password": PASSWORD}, {}, {"deactivated": True}, {"password": PASSWORD, "unverified": True}],
    ids=["password", "none", "deactivated", "unverified"],
)
def test_an_address_with_an_account_costs_what_one_without_costs(db, request_, account):
    UserFactory.create(email=TAKEN, **account)

    assert work_of(request_, TAKEN) == work_of(request_, FREE)


@pytest.mark.parametrize("request_", [sign_up, register])
def test_the_work_for_a_taken_address_leaves_only_an_email(client, db, request_):
    UserFactory.create(email=TAKEN)

    with track_changes() as changes:
        request_(client, TAKEN)

    assert changes.only_an_email
