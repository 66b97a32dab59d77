"""Staff help people who cannot sign in, and never get a link, a code or more rights themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.actions.account_emails import AccountEmailLimitReached
from accounts.actions.address_ownership import AddressTaken
from accounts.models import User
from accounts.principals import SERVICE, Principal, staff
from core.addresses import Address, normalize_address
from core.errors import Invalid
from events.models import Event
from orgs.actions.account_help import (
    NoTwoFactor,
    PersonNeeded,
    confirm_address,
    confirmable_addresses,
    end_sessions,
    remove_two_factor,
    send_password_reset,
)
from orgs.actions.account_rights import AccountHasMoreRights, OwnAccount, StaffPermissionMissing
from orgs.actions.accounts import delete_account, secure_account
from orgs.locks import AccountEnded
from orgs.models import Organization
from tests.factories import AuthenticatorFactory, EmailAddressFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails
from tests.support.people import PASSWORD, session_of

pytestmark = pytest.mark.django_db

ADDRESS, FURTHER = normalize_address("member@example.com"), normalize_address("further@example.com")

# Each action with the arguments that it accepts for the user `member`.
ACTIONS: dict[Callable[..., None], dict[str, Address]] = {
    remove_two_factor: {},
    send_password_reset: {"address": ADDRESS},
    confirm_address: {"address": FURTHER},
    end_sessions: {},
    secure_account: {"address": ADDRESS},
}
every_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture
def helper(db: None) -> User:
    """A staff member with the permission to help, and no other."""
    user = UserFactory.create(email="helper@example.com", staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="help_user"))
    return user


@pytest.fixture
def by_helper(helper: User) -> Principal:
    return staff(helper, "accounts.help_user")


def refuses(action: Callable[..., None], error: type[Exception], *, by: Principal, user: User) -> None:
    AuthenticatorFactory.create(user=user)
    if user.is_person:
        EmailAddressFactory.create(user=user, email=FURTHER, verified=False)
    with track_changes() as changes, pytest.raises(error):
        action(by=by, user=user, **ACTIONS[action])
    assert changes.nothing
    assert Authenticator.objects.filter(user=user).exists()
    assert account_emails() == []


@every_action
def test_nobody_helps_themselves(action: Callable[..., None], helper: User, by_helper: Principal):
    refuses(action, OwnAccount, by=by_helper, user=helper)


@every_action
def test_nobody_helps_somebody_with_more_rights(action: Callable[..., None], by_helper: Principal):
    refuses(action, AccountHasMoreRights, by=by_helper, user=UserFactory.create(email=ADDRESS, superuser=True))


@every_action
def test_helping_takes_its_own_permission(action: Callable[..., None], member: User, helper: User):
    helper.user_permissions.set(Permission.objects.filter(codename="change_user"))
    helper = User.objects.get(pk=helper.pk)
    refuses(action, StaffPermissionMissing, by=staff(helper, "accounts.change_user"), user=member)


@every_action
def test_a_closed_account_is_not_helped(action: Callable[..., None], by_helper: Principal):
    refuses(action, AccountEnded, by=by_helper, user=UserFactory.create(email=ADDRESS, deactivated=True))


@every_action
def test_a_system_user_does_not_sign_in(action: Callable[..., None], by_helper: Principal):
    refuses(action, PersonNeeded, by=by_helper, user=UserFactory.create(system=True))


def test_a_lost_phone(member: User, by_helper: Principal):
    AuthenticatorFactory.create(user=member)
    AuthenticatorFactory.create(user=member, recovery_codes=True)
    with track_changes() as changes:
        remove_two_factor(by=by_helper, user=member)
    assert changes.events == [
        event("user.two_factor_removed", member, by_helper, factor="totp"),
        event("user.two_factor_removed", member, by_helper, factor="recovery_codes"),
    ]
    assert not Authenticator.objects.filter(user=member).exists()
    [message] = account_emails()
    assert (message.to, message.subject) == (["member@example.com"], "Two-factor authentication was removed")
    assert "/accounts/2fa/" in message.body
    with pytest.raises(NoTwoFactor):
        remove_two_factor(by=by_helper, user=member)


def test_the_person_gets_the_link_in_the_language_of_their_organization(
    organization: Organization, member: User, by_helper: Principal
):
    Organization.objects.filter(pk=organization.pk).update(language="de")
    with track_changes() as changes:
        send_password_reset(by=by_helper, user=member, address=ADDRESS)
    assert changes.events == [event("user.password_reset_sent", member, by_helper)]
    assert [(message.to, message.subject) for message in account_emails()] == [
        (["member@example.com"], "Neues Passwort wählen")
    ]


def test_the_link_works_once(member: User, by_helper: Principal, client: Client, settings: Any):
    send_password_reset(by=by_helper, user=member, address=ADDRESS)
    [link] = [word for word in account_emails()[0].body.split() if "/password/reset/key/" in word]
    opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
    client.post(opened["Location"], {"password1": PASSWORD, "password2": PASSWORD})
    member.refresh_from_db()
    assert member.check_password(PASSWORD)
    again = Client().get(link.removeprefix(settings.PUBLIC_BASE_URL))
    assert "This link does not work" in again.content.decode()


@pytest.mark.parametrize("address", ["further@example.com", "stranger@example.com"])
def test_a_reset_goes_only_to_a_verified_address_of_the_account(
    member: User, stranger: User, by_helper: Principal, address: str
):
    EmailAddressFactory.create(user=member, email=FURTHER, verified=False)
    for action in (send_password_reset, secure_account):
        with track_changes() as changes, pytest.raises(Invalid):
            action(by=by_helper, user=member, address=normalize_address(address))
        assert changes.nothing
    assert account_emails() == []


def test_an_address_is_verified_for_the_person(member: User, stranger: User, by_helper: Principal):
    row = EmailAddressFactory.create(user=member, email=FURTHER, verified=False)
    EmailAddressFactory.create(user=stranger, email=FURTHER, verified=False)
    assert confirmable_addresses(member) == [FURTHER]
    with track_changes() as changes:
        confirm_address(by=by_helper, user=member, address=FURTHER)
    assert changes.tables == {"account.EmailAddress": (0, 1, 1)}
    assert changes.emails == (1, 0, 0)
    assert changes.events == [event("user.address_proven", member, by_helper, address_id=row.pk)]
    assert member.verified_addresses() == {"member@example.com", "further@example.com"}
    assert confirmable_addresses(member) == []


def test_the_person_is_told_at_the_primary_address_that_an_address_was_verified(member: User, by_helper: Principal):
    EmailAddressFactory.create(user=member, email=FURTHER, verified=False)
    confirm_address(by=by_helper, user=member, address=FURTHER)
    [message] = account_emails()
    assert (message.to, message.subject) == (["member@example.com"], "An email address was verified")
    assert "verified an email address of the account member@example.com" in message.body
    assert "/accounts/email/" in message.body
    assert "further@example.com" not in message.body


def test_an_address_is_verified_for_a_person_who_has_no_other(by_helper: Principal):
    person = UserFactory.create(email=None, email_address=None)
    EmailAddressFactory.create(user=person, email=FURTHER, verified=False)
    confirm_address(by=by_helper, user=person, address=FURTHER)
    person.refresh_from_db()
    assert (person.email, account_emails()) == (FURTHER, [])


def test_staff_send_at_most_five_resets_an_hour_to_an_address(
    member: User, stranger: User, by_helper: Principal, client: Client
):
    for number in range(1, 6):
        send_password_reset(by=by_helper, user=member, address=ADDRESS)
        assert len(account_emails()) == number
    with track_changes() as changes, pytest.raises(AccountEmailLimitReached):
        send_password_reset(by=by_helper, user=member, address=ADDRESS)
    assert changes.nothing
    assert len(account_emails()) == 5
    send_password_reset(by=by_helper, user=stranger, address=Address(stranger.email))
    client.post("/accounts/password/reset/", {"email": ADDRESS})  # the person's own requests count for themselves
    assert [message.to for message in account_emails()[5:]] == [[stranger.email], [ADDRESS]]


def test_an_address_of_another_account_is_not_verified(member: User, stranger: User, by_helper: Principal):
    EmailAddressFactory.create(user=member, email=stranger.email, verified=False)
    assert confirmable_addresses(member) == []
    with track_changes() as changes, pytest.raises(AddressTaken):
        confirm_address(by=by_helper, user=member, address=Address(stranger.email))
    assert changes.nothing


def test_an_address_that_the_account_does_not_have_is_not_verified(member: User, by_helper: Principal):
    for address in (FURTHER, ADDRESS):  # unknown, and verified already
        with track_changes() as changes, pytest.raises(Invalid):
            confirm_address(by=by_helper, user=member, address=address)
        assert changes.nothing


def test_an_address_of_a_deleted_account_can_be_verified(member: User, stranger: User, by_helper: Principal):
    delete_account(by=session_of(stranger), user=stranger)
    address = Address(stranger.email)
    EmailAddressFactory.create(user=member, email=address, verified=False)
    assert confirmable_addresses(member) == [address]
    confirm_address(by=by_helper, user=member, address=address)
    lost = Event.objects.about(stranger).filter(kind="user.address_lost").get()
    assert lost.actor_method == SERVICE.method
    assert EmailAddress.objects.get(email=address).user == member


def test_ending_sessions_signs_the_person_out_everywhere(member: User, by_helper: Principal):
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(member)
    with track_changes() as changes:
        end_sessions(by=by_helper, user=member)
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [event("user.sessions_ended", member, by_helper)]
    for browser in browsers:
        assert browser.get("/accounts/profile/").status_code == 302
    browsers[0].force_login(User.objects.get(pk=member.pk))
    assert browsers[0].get("/accounts/profile/").status_code == 200
