"""Test that the five OpenAPI documents list status 429 for exactly the operations that have a limit."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from core.addresses import normalize_address
from invitations.email.limits import count_email_to
from orgs.actions.organizations import create_organization
from perfectworks.urls import DIALECTS, DOCUMENTS
from tests.dialects.operations import ROUTES, ask
from tests.support import operations
from tests.support.people import session_of

pytestmark = pytest.mark.any_database


@pytest.fixture
def use_up(settings: Any) -> Callable[[], None]:
    """Return a function that uses up the limits of emails, registrations and organizations."""

    def used_up() -> None:
        settings.RECIPIENT_EMAILS_PER_HOUR = 1000
        for address in ("new@example.com", "invitee@example.com"):
            count_email_to(normalize_address(address))
        settings.RECIPIENT_EMAILS_PER_HOUR = 1
        settings.ACCOUNT_RATE_LIMITS = {"signup": "0/m/ip"}
        settings.ORGANIZATIONS_PER_PERSON_PER_DAY = 1

    return used_up


def telling_of_429(*prefixes: str) -> set[tuple[str, str]]:
    """Return the method and path of each operation that documents a 429 response."""
    found = [
        (method, path, operation["responses"]["429"])
        for prefix in prefixes
        for path, methods in json.loads(DOCUMENTS[prefix].json)["paths"].items()
        for method, operation in methods.items()
        if "429" in operation["responses"]
    ]
    assert all(list(response["headers"]) == ["Retry-After"] for *_, response in found)
    return {(method, path) for method, path, _ in found}


def status_of(ask: Callable[..., Any], *about: Any) -> int:
    """Return the status of a request. Roll back its changes, so that requests do not affect each other."""
    with transaction.atomic():
        response = ask(*about)
        transaction.set_rollback(True)
    return response.status_code


def test_in_the_house(organization, owner, invitee, use_up):
    house = operations.World(organization, owner)
    cast = {"anonymous": None, "owner": owner, "invitee": invitee}
    clients = {who: house.client(who, user) for who, user in cast.items()}
    create_organization(by=session_of(owner), name="The only one today")
    use_up()

    limited = {
        (route.method, route.path)
        for operation, route in operations.house_routes().items()
        for who, client in clients.items()
        if status_of(house.ask, client, operation, who, route) == 429
    }

    assert limited == telling_of_429("house")
    assert len(limited) == 6


def test_in_the_dialects(world, use_up):
    use_up()

    limited = {(route.method, route.path) for name, route in ROUTES.items() if status_of(ask, world, name) == 429}

    assert limited == telling_of_429(*DIALECTS)
    assert len(limited) == 3
