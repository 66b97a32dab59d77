"""Each action raises an error and changes nothing if the caller lacks the permission."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.browser_sessions import Session
from accounts.models import User
from accounts.oauth.tokens import issue_token, oauth_principal
from accounts.principals import Method, Principal
from accounts.session_store import SessionStore, stored_session_key
from core.errors import DomainError
from orgs.actions.api_keys import authenticate, create_api_key
from orgs.models import ApiKey, Organization
from orgs.permissions import UNASSIGNED_ROLE
from tests.actions.every_action import DONE, World
from tests.factories import MembershipFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

BY_THE_SERVICE = {
    "invitations.actions.ending.expire",
    "invitations.actions.ending.fail",
    "invitations.actions.reminders.remind",
    "invitations.email.delivery_reports.take_report",
    "invitations.actions.scheduling.take_slot",
    "invitations.actions.waiting.give_free_seats",
}
# The link is the only credential. ``tests/invitations/pages/test_first_password.py`` tests it.
BY_THE_LINK = {"invitations.actions.mailbox_proof.set_first_password"}
FOR_ONESELF = {
    "orgs.actions.organizations.create_organization",
    "orgs.actions.accounts.delete_account",
    "orgs.actions.accounts.purge_account",
    "orgs.oauth.applications.register_client",
    "orgs.oauth.applications.register_personal_client",
    "accounts.actions.passwords.change_password",
    "accounts.actions.profile.update_profile",
    "invitations.actions.mailbox_proof.add_invited_address",  # the link proves access to the mailbox
}
AS_A_MEMBER = {
    "orgs.actions.members.leave_organization",
    "orgs.actions.accounts.switch_organization",
    "orgs.actions.api_keys.create_api_key",
}


def a_stranger(world: World) -> Principal:
    return session_of(UserFactory.create(email="intruder@example.com"))


def a_member_without_rights(world: World) -> Principal:
    newcomer = UserFactory.create(email="newcomer@example.com")
    MembershipFactory.create(organization=Organization.objects.get(pk=world.id), user=newcomer, role_id=UNASSIGNED_ROLE)
    return session_of(newcomer)


def a_key_of_the_owner_without_scopes(world: World) -> Principal:
    return replace(world.owner, method=Method.API_KEY, organization_id=world.id, permissions=frozenset())


def a_deleted_key_of_the_owner(world: World) -> Principal:
    """The request was authenticated before another request deleted the key."""
    _, secret = create_api_key(by=world.owner, organization_id=world.id, name="Stolen")
    by = authenticate(secret)
    assert by is not None
    ApiKey.objects.filter(name="Stolen").delete()
    return by


def a_revoked_token_of_the_owner(world: World) -> Principal:
    """The request was authenticated before the owner revoked the token."""
    expires_at = timezone.now() + timedelta(hours=1)
    by = oauth_principal(issue_token(world.reader, world.owner.user, "organizations", expires_at))
    assert by is not None
    get_access_token_model().objects.filter(pk=by.token_id).delete()
    return by


def with_a_session(by: Principal) -> Principal:
    session = SessionStore()
    session.create()
    return replace(by, session_key=stored_session_key(str(session.session_key)))


def a_session_of_the_owner_that_ended(world: World) -> Principal:
    """The request was authenticated before the owner signed out in another window."""
    by = with_a_session(world.owner)
    Session.objects.all().delete()
    return by


def a_session_of_the_owner_from_before_a_new_password(world: World) -> Principal:
    """The request was authenticated before the owner changed the password."""
    by = with_a_session(world.owner)
    User.objects.filter(pk=world.owner.actor_id).update(password="changed")
    return by


def a_session_of_the_owner_that_staff_ended(world: World) -> Principal:
    """The request was authenticated before staff ended the sessions of the owner."""
    by = with_a_session(world.owner)
    User.objects.filter(pk=world.owner.actor_id).update(credentials_ended_at=timezone.now())
    return by


ALLOWED: dict[Callable[[World], Principal], set[str]] = {
    a_stranger: FOR_ONESELF,
    a_member_without_rights: FOR_ONESELF | AS_A_MEMBER,
    # Only a person can leave an organization. Objects that the key creates cannot have more permissions than the key.
    a_key_of_the_owner_without_scopes: AS_A_MEMBER - {"orgs.actions.members.leave_organization"},
    a_deleted_key_of_the_owner: set(),
    a_revoked_token_of_the_owner: set(),
    a_session_of_the_owner_that_ended: set(),
    a_session_of_the_owner_from_before_a_new_password: set(),
    a_session_of_the_owner_that_staff_ended: set(),
}


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        pytest.param(caller, name, id=f"{caller.__name__}-{name}")
        for caller, allowed in ALLOWED.items()
        for name in DONE
        if name not in allowed | BY_THE_SERVICE | BY_THE_LINK
    ],
)
def test_callers_without_permission_change_nothing(world: World, caller: Callable[[World], Principal], name: str):
    by = caller(world)
    for who in ("owner", "admin", "member", "invitee", "stranger", "staff", "late"):
        setattr(world, who, by)
    with track_changes() as changes, pytest.raises(DomainError):
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
def test_actions_open_to_everybody_succeed(world: World, caller: Callable[[World], Principal], name: str):
    by = caller(world)
    for who in ("owner", "admin", "member", "invitee", "stranger", "staff"):
        setattr(world, who, by)
    with track_changes() as changes:
        DONE[name](world)
    assert changes.events
