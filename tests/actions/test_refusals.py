"""Every action, by callers who may do nothing here: it is refused inside the action, and nothing is changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from accounts.principals import Method, Principal
from orgs.models import Organization
from orgs.permissions import UNASSIGNED_ROLE
from perfectworks.errors import DomainError
from tests.actions.every_action import DONE, World
from tests.rows import join, make_person, session
from tests.watching import watching

pytestmark = pytest.mark.django_db

BY_THE_SERVICE = {
    "invitations.actions.expire",
    "invitations.actions.fail",
    "invitations.reminders.remind",
    "invitations.reports.take_report",
    "invitations.waiting.give_free_seats",
}
FOR_ONESELF = {
    "orgs.actions.create_organization",
    "orgs.account_actions.delete_account",
    "orgs.account_actions.purge_account",
    "orgs.oauth_applications.register_client",
    "orgs.oauth_applications.register_personal_client",
    "accounts.actions.update_profile",
}
AS_A_MEMBER = {
    "orgs.actions.leave_organization",
    "orgs.account_actions.switch_organization",
    "orgs.keys.create_api_key",
}


def a_stranger(world: World) -> Principal:
    return session(make_person("intruder"))


def a_member_without_rights(world: World) -> Principal:
    newcomer = make_person("newcomer")
    join(Organization.objects.get(pk=world.id), newcomer, UNASSIGNED_ROLE)
    return session(newcomer)


def a_key_of_the_owner_without_scopes(world: World) -> Principal:
    return replace(world.owner, method=Method.API_KEY, organization_id=world.id, scopes=frozenset())


ALLOWED: dict[Callable[[World], Principal], set[str]] = {
    a_stranger: FOR_ONESELF,
    a_member_without_rights: FOR_ONESELF | AS_A_MEMBER,
    # A key is no person, and what it makes is no wider than itself.
    a_key_of_the_owner_without_scopes: AS_A_MEMBER - {"orgs.actions.leave_organization"},
}


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        pytest.param(caller, name, id=f"{caller.__name__}-{name}")
        for caller, allowed in ALLOWED.items()
        for name in DONE
        if name not in allowed | BY_THE_SERVICE
    ],
)
def test_whoever_may_do_nothing_here_changes_nothing(world: World, caller: Callable[[World], Principal], name: str):
    by = caller(world)
    for who in ("owner", "admin", "member", "invitee", "stranger", "staff", "late"):
        setattr(world, who, by)
    with watching() as changes, pytest.raises(DomainError):
        DONE[name](world)
    assert changes.nothing


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        pytest.param(caller, name, id=f"{caller.__name__}-{name}")
        for caller, allowed in ALLOWED.items()
        for name in sorted(allowed)
    ],
)
def test_what_anybody_may_do_for_themselves_is_done(world: World, caller: Callable[[World], Principal], name: str):
    by = caller(world)
    for who in ("owner", "admin", "member", "invitee", "stranger", "staff"):
        setattr(world, who, by)
    with watching() as changes:
        DONE[name](world)
    assert changes.events
