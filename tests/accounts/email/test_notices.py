"""Security notices: who gets an email when the access to an account or an organization changes."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from accounts.actions.passwords import change_password
from accounts.email.models import AccountEmail
from accounts.email.notices import NOTICES, OPTIONAL
from accounts.models import User
from orgs.actions import api_keys, members, units
from orgs.models import Organization
from orgs.oauth.applications import register_personal_client, register_service_client
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.factories import EmailAddressFactory, MembershipFactory, UnitFactory, UserFactory
from tests.support.outbox import account_emails
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

Purpose = AccountEmail.Purpose
MEMBER, OWNER, SECOND_OWNER = "member@example.com", "owner@example.com", "second-owner@example.com"


class World:
    """An organization with two owners, an admin, a member and a service account."""

    def __init__(self, organization: Organization, owner: User, member: User) -> None:
        self.organization, self.owner, self.member = organization, owner, member
        second = UserFactory.create(email=SECOND_OWNER)
        MembershipFactory.create(organization=organization, user=second, role_id=OWNER_ROLE)
        self.robot = MembershipFactory.create(
            organization=organization, user=UserFactory.create(system=True), role_id=VIEWER_ROLE
        )

    @property
    def membership(self) -> dict[str, Any]:
        """Return what the actions on the member need."""
        membership = membership_of(self.member, self.organization)
        return {"by": session_of(self.owner), "organization_id": self.organization.pk, "membership_id": membership.pk}


@pytest.fixture
def world(organization: Organization, owner: User, member: User) -> World:
    return World(organization, owner, member)


def leave_unit(w: World) -> None:
    unit = UnitFactory.create(organization=w.organization)
    units.assign_unit_role(unit_id=unit.pk, role_id=UNIT_EDITOR_ROLE, **w.membership)
    account_emails().clear()
    units.remove_unit_role(unit_id=unit.pk, **w.membership)


# What happens, which notice follows, and who gets it.
CAUSES: list[tuple[Callable[[World], Any], Purpose, set[str]]] = [
    (lambda w: change_password(by=session_of(w.member), user=w.member, password="new phrase"),
     Purpose.PASSWORD_CHANGED, {MEMBER}),
    (lambda w: members.change_member_roles(role_id=ADMIN_ROLE, **w.membership), Purpose.ROLE_CHANGED, {MEMBER}),
    (leave_unit, Purpose.ROLE_CHANGED, {MEMBER}),
    (lambda w: members.remove_member(**w.membership), Purpose.MEMBERSHIP_ENDED, {MEMBER}),
    (lambda w: members.transfer_ownership(**w.membership),
     Purpose.OWNERSHIP_TRANSFERRED, {MEMBER, OWNER, SECOND_OWNER}),
    (lambda w: api_keys.create_api_key(by=session_of(w.member), organization_id=w.organization.pk, name="deploy"),
     Purpose.API_KEY_CREATED, {MEMBER, OWNER, SECOND_OWNER}),
    (lambda w: api_keys.create_api_key(by=session_of(w.owner), organization_id=w.organization.pk, name="deploy",
                                       membership_id=w.robot.pk),
     Purpose.API_KEY_CREATED, {OWNER, SECOND_OWNER}),
    (lambda w: register_personal_client(by=session_of(w.member), name="Script"),
     Purpose.OAUTH_APPLICATION_CREATED, {MEMBER}),
    (lambda w: register_service_client(by=session_of(w.owner), organization_id=w.organization.pk,
                                       membership_id=w.robot.pk, name="Robot"),
     Purpose.OAUTH_APPLICATION_CREATED, {OWNER, SECOND_OWNER}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "purpose", "recipients"), CAUSES)
def test_the_person_is_told_and_the_owners_where_it_concerns_them(
    world: World, cause: Callable[[World], Any], purpose: Purpose, recipients: set[str]
):
    cause(world)
    queued = AccountEmail.objects.exclude(state="sent")
    assert {(email.purpose, str(email.recipient)) for email in queued} == {(purpose, to) for to in recipients}
    assert queued.count() == len(recipients)
    messages = account_emails()[-len(recipients) :]
    assert {message.to[0] for message in messages} == recipients
    assert not AccountEmail.objects.exclude(state="sent").exists()
    for message in messages:
        assert message.body.count("http://") >= 2  # the link, and the name of the service
        assert ("You can turn such emails off" in message.body) == NOTICES[purpose].is_optional


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_notice_is_in_the_language_of_the_organization_and_names_are_no_links(world: World, language: str):
    Organization.objects.update(language=language, name="Click https://elsewhere.test")
    members.change_member_roles(role_id=ADMIN_ROLE, **world.membership)
    [message] = account_emails()
    assert message.subject == {"en": "Your role was changed", "de": "Ihre Rolle wurde geändert"}[language]
    assert "https://elsewhere.test" not in message.body
    assert "Admin" in message.body


def test_owners_are_not_asked_to_change_their_password_because_of_the_keys_of_others(world: World):
    api_keys.create_api_key(by=session_of(world.member), organization_id=world.organization.pk, name="deploy")
    advice = {message.to[0]: "change your password now" in message.body for message in account_emails()}
    assert advice == {MEMBER: True, OWNER: False, SECOND_OWNER: False}


def test_nobody_is_told_what_they_did_to_their_own_membership(world: World):
    MembershipFactory.create(organization=world.organization, user=UserFactory.create(), role_id=OWNER_ROLE)
    by = session_of(world.owner)
    membership = membership_of(world.owner, world.organization)
    members.change_member_roles(
        by=by, organization_id=world.organization.pk, membership_id=membership.pk, role_id=ADMIN_ROLE
    )
    members.leave_organization(by=by, organization_id=world.organization.pk)
    assert account_emails() == []


def test_an_optional_notice_that_a_person_turned_off_is_not_sent_and_the_others_are(world: World):
    User.objects.filter(pk=world.member.pk).update(muted_notices=[str(purpose) for purpose in Purpose])
    world.member.refresh_from_db()
    members.change_member_roles(role_id=ADMIN_ROLE, **world.membership)
    change_password(by=session_of(world.member), user=world.member, password="new phrase")
    assert [email.purpose for email in AccountEmail.objects.all()] == [Purpose.PASSWORD_CHANGED]


def test_a_person_chooses_the_optional_emails_on_the_profile(client: Client, member: User):
    client.force_login(member)
    assert client.get("/accounts/profile/").content.decode().count(" checked") == len(OPTIONAL)
    wanted = [Purpose.ROLE_CHANGED, Purpose.PASSWORD_CHANGED, "nonsense"]
    assert client.post("/accounts/profile/emails/", {"wanted": wanted}).status_code == 302
    member.refresh_from_db()
    assert member.muted_notices == [str(purpose) for purpose in OPTIONAL if purpose != Purpose.ROLE_CHANGED]
    assert client.get("/accounts/profile/").content.decode().count(" checked") == 1


def test_a_changed_main_address_is_told_to_the_former_one(client: Client, member: User):
    EmailAddressFactory.create(user=member, email="new@example.com")
    client.force_login(member)
    client.get("/accounts/email/")
    with translation.override("en"):
        client.post("/accounts/email/", {"action_primary": "", "email": "new@example.com"})
    assert EmailAddress.objects.get(user=member, primary=True).email == "new@example.com"
    notice = AccountEmail.objects.get()
    assert (notice.purpose, notice.recipient) == (Purpose.MAIN_ADDRESS_CHANGED, "member@example.com")


def test_a_role_that_ended_in_the_meantime_is_not_told(world: World):
    members.change_member_roles(role_id=ADMIN_ROLE, **world.membership)
    members.remove_member(**world.membership)
    assert [message.subject for message in account_emails()] == ["You no longer belong to an organization"]


def test_the_limit_of_emails_applies_to_notices(world: World, settings: Settings):
    settings.ACCOUNT_EMAIL_LIMITS = {"account_email": "1/h/key"}
    for role in (ADMIN_ROLE, VIEWER_ROLE):
        members.change_member_roles(role_id=role, **world.membership)
    assert AccountEmail.objects.count() == 1
