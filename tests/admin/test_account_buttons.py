"""The buttons on the page of a user: help for people who cannot sign in, and the staff role."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils.html import strip_tags

from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import Principal, staff
from accounts.staff_roles import HELP_USER, MANAGE_STAFF, StaffRole, staff_role_of
from tests.admin.test_admin import address_of, press
from tests.factories import AuthenticatorFactory, EmailAddressFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails

pytestmark = pytest.mark.django_db

HELP = ["two-factor", "reset", "verify", "sessions", "secure"]


def offered(client: Client, user: User) -> list[str]:
    """Return the names of the buttons on the user's page."""
    return [button.name for button, _ in client.get(address_of(user)).context["buttons"]]


@pytest.fixture
def support(staff_in_role: Callable[[str], User]) -> User:
    return staff_in_role("support")


@pytest.fixture
def desk(support: User, browser_of: Callable[[User], Client]) -> Client:
    """The browser of a member of the support team."""
    return browser_of(support)


@pytest.fixture
def by_desk(support: User) -> Principal:
    return staff(support, HELP_USER)


@pytest.fixture
def locked_out(member: User) -> User:
    """A person with two-factor authentication and an unverified address."""
    AuthenticatorFactory.create(user=member)
    EmailAddressFactory.create(user=member, email="unverified@example.com", verified=False)
    return member


def test_support_is_offered_what_helps_this_person(desk: Client, locked_out: User):
    assert offered(desk, locked_out) == [*HELP, "deactivate"]
    Authenticator.objects.all().delete()
    EmailAddress.objects.filter(verified=False).delete()
    assert offered(desk, locked_out) == ["reset", "sessions", "secure", "deactivate"]
    EmailAddress.objects.all().delete()
    assert offered(desk, locked_out) == ["sessions", "deactivate"]


def test_nobody_is_offered_help_for_a_closed_account_or_a_service_account(desk: Client):
    assert offered(desk, UserFactory.create(deactivated=True)) == ["reactivate"]
    assert offered(desk, UserFactory.create(system=True)) == ["deactivate"]


def test_nobody_is_offered_help_for_themselves(desk: Client, support: User, staff_in_role, browser_of):
    assert offered(desk, support) == []
    administrator = staff_in_role("administrator")
    assert offered(browser_of(administrator), administrator) == []


def test_a_lost_phone_takes_two_clicks_on_the_page_of_the_person(desk: Client, by_desk: Principal, locked_out: User):
    page = desk.get(address_of(locked_out, "do", "two-factor"))
    assert "Make sure first that it is the person who asks you." in page.content.decode()
    with track_changes() as changes:
        assert press(desk, locked_out, "two-factor") == "Remove two-factor authentication: done."
    assert changes.events == [event("user.two_factor_removed", locked_out, by_desk, factor="totp")]
    assert [message.to for message in account_emails()] == [["member@example.com"]]


def test_a_reset_goes_to_the_address_that_staff_choose_and_shows_no_link(
    desk: Client, by_desk: Principal, locked_out: User
):
    EmailAddressFactory.create(user=locked_out, email="second@example.com")
    page = desk.get(address_of(locked_out, "do", "reset")).content.decode()
    assert [a for a in ("member@", "second@", "unverified@") if f'value="{a}example.com"' in page] == [
        "member@",
        "second@",
    ]
    with track_changes() as changes:
        response = desk.post(address_of(locked_out, "do", "reset"), {"address": "second@example.com"}, follow=True)
    assert changes.events == [event("user.password_reset_sent", locked_out, by_desk)]
    [message] = account_emails()
    assert message.to == ["second@example.com"]
    assert "/password/reset/key/" in message.body
    assert "/password/reset/key/" not in response.content.decode()
    refused = desk.post(address_of(locked_out, "do", "reset"), {"address": "unverified@example.com"})
    assert "not one of the available choices" in refused.content.decode()


def test_staff_read_that_an_address_was_sent_too_many_emails(desk: Client, locked_out: User):
    pages = [desk.post(address_of(locked_out, "do", "reset"), {"address": "member@example.com"}) for _ in range(6)]
    assert [page.status_code for page in pages] == [302] * 5 + [200]
    refused = {"__all__": ["This address was sent several such emails within the last hour or day. Try again later."]}
    assert pages[-1].context["form"].errors == refused
    assert AccountEmail.objects.count() == 5


def test_an_address_is_verified_only_if_no_other_account_has_it(desk: Client, locked_out: User, stranger: User):
    EmailAddressFactory.create(user=locked_out, email=stranger.email, verified=False)
    page = desk.get(address_of(locked_out, "do", "verify")).content.decode()
    assert "unverified@example.com" in page
    assert "stranger@example.com" not in page
    assert press(desk, locked_out, "verify", address="unverified@example.com") == "Verify address: done."
    assert locked_out.verified_addresses() == {"member@example.com", "unverified@example.com"}
    assert "verify" not in offered(desk, locked_out)


def test_ended_sessions_sign_the_person_out(desk: Client, by_desk: Principal, locked_out: User):
    browser = Client()
    browser.force_login(locked_out)
    with track_changes() as changes:
        assert press(desk, locked_out, "sessions") == "End sessions: done."
    assert changes.events == [event("user.sessions_ended", locked_out, by_desk)]
    assert browser.get("/accounts/profile/").status_code == 302


def test_an_account_that_was_taken_over_is_secured_with_one_button(
    desk: Client, locked_out: User, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        assert press(desk, locked_out, "secure", address="member@example.com") == "Secure account: done."
    locked_out.refresh_from_db()
    assert not locked_out.has_usable_password()
    assert [message.subject for message in account_emails()] == ["Choose a new password"]


def test_an_administrator_makes_staff_and_unmakes_them(member: User, staff_in_role, browser_of):
    administrator = staff_in_role("administrator")
    client, by = browser_of(administrator), staff(administrator, MANAGE_STAFF)
    page = client.get(address_of(member, "do", "staff-role")).content.decode()
    assert all(f'<option value="{role}">' in page for role in StaffRole)
    with track_changes() as changes:
        assert press(client, member, "staff-role", role="support") == "Change staff role: done."
    assert changes.events == [event("user.staff_role_changed", member, by)]
    assert staff_role_of(member) == StaffRole.SUPPORT
    assert '<option value="support" selected>' in client.get(address_of(member, "do", "staff-role")).content.decode()
    press(client, member, "staff-role", role="")
    member.refresh_from_db()
    assert (member.is_staff, staff_role_of(member)) == (False, None)


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_only_administrators_are_offered_to_make_staff(member: User, staff_in_role, browser_of, role: str):
    client = browser_of(staff_in_role(role))
    assert "staff-role" not in offered(client, member)
    assert client.post(address_of(member, "do", "staff-role"), {"role": "auditor"}).status_code == 403
    assert not User.objects.get(pk=member.pk).is_staff


def test_staff_are_offered_only_roles_within_their_rights(member: User, support: User, desk: Client):
    support.user_permissions.add(Permission.objects.get(codename="manage_staff"))
    page = desk.get(address_of(member, "do", "staff-role")).content.decode()
    assert [role.value for role in StaffRole if f'value="{role}"' in page] == ["auditor", "support"]
    refused = desk.post(address_of(member, "do", "staff-role"), {"role": "administrator"}).content.decode()
    assert "not one of the available choices" in refused
    assert not User.objects.get(pk=member.pk).is_staff


def test_the_page_shows_the_role_and_what_operators_gave(desk: Client, staff_in_role):
    person = staff_in_role("auditor")
    person.groups.add(Group.objects.create(name="billing desk"))
    person.user_permissions.add(Permission.objects.get(codename="delete_user"))
    text = strip_tags(desk.get(address_of(person)).content.decode())
    assert "Auditor: sees everything, changes nothing" in text
    assert "billing desk" in text
    assert "accounts.delete_user" in text


def test_groups_have_no_page(admin_pages: Client):
    assert admin_pages.get("/admin/auth/group/").status_code == 404
