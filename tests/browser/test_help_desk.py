"""Twelve tickets of a help desk, closed in a browser by staff with the role *support*, each in at most five clicks.

Typing does not count as a click. A search is sent with the Enter key.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from accounts.staff_roles import StaffRole
from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import ApiKey, Organization, RoleAssignment
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE
from tests.browser.admin_scenes import TYPO, add_more_rows
from tests.browser.stage import Stage, set_stage
from tests.factories import ApiKeyFactory, AuthenticatorFactory, UserFactory
from tests.support.outbox import account_emails
from tests.support.people import membership_of

pytestmark = pytest.mark.browser
MAX_CLICKS = 5


class HelpDesk:
    """The browser of a support member. Counts the clicks of a ticket, which starts on the start page."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage, self.page, self.clicks = stage, page, 0
        self.user = UserFactory.create(email="support@example.com", first_name="Support", last_name="Cast", staff=True)
        self.user.groups.add(Group.objects.get(name=StaffRole.SUPPORT))
        stage.visitor.sign_in(self.user)
        stage.visitor.go("/admin/")

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Click the link with this name in the content of the page."""
        self.click(self.page.locator("#content").get_by_role("link", name=name, exact=isinstance(name, str)))

    def press(self, name: str) -> None:
        self.click(self.page.locator("#content").get_by_role("button", name=name, exact=True))

    def search(self, text: str) -> None:
        box = self.page.locator("#searchbar")
        box.fill(text)
        with self.page.expect_navigation():
            box.press("Enter")

    def open(self, kind: str, text: str) -> None:
        """Find a row of a list that the start page links to, and open its page."""
        self.click(self.page.locator("#content tr th").get_by_role("link", name=kind, exact=True))
        self.search(text)
        self.click(self.page.locator("#result_list tbody th a").first)

    def expect_done(self) -> None:
        expect(self.page.locator(".messagelist .success")).to_be_visible()
        expect(self.page.locator(".messagelist .error")).to_have_count(0)


@pytest.fixture
def stage(visitor) -> Stage:
    return set_stage(visitor)


@pytest.fixture
def desk(stage: Stage, page: Page) -> Iterator[HelpDesk]:
    desk = HelpDesk(stage, page)
    yield desk
    assert 0 < desk.clicks <= MAX_CLICKS


def last_event(kind: str) -> Event:
    return Event.objects.filter(kind=kind).latest("id")


def test_i_never_got_it(desk, stage):
    desk.open("Invitations", stage.invitation.email)
    expect(desk.page.get_by_role("heading", name="Why hasn't this person joined?")).to_be_visible()
    desk.press("Send again")

    desk.expect_done()
    assert Email.objects.filter(kind="invitation").count() == 2
    assert last_event("invitation.resent").actor_id == desk.user.pk
    assert Invitation.objects.get().inviter == stage.owner


def test_the_address_is_wrong(desk, stage):
    desk.open("Invitations", stage.invitation.email)
    desk.page.get_by_label("Correct email address").fill("right@example.com")
    desk.press("Correct address")

    desk.expect_done()
    assert Invitation.objects.open().get().email == "right@example.com"
    assert Invitation.objects.open().get().inviter == stage.owner


def test_the_invitation_expires_too_soon(desk, stage):
    desk.open("Invitations", stage.invitation.email)
    desk.page.get_by_label("Days from now").fill("30")
    desk.press("Extend")

    desk.expect_done()
    assert (Invitation.objects.get().expires_at - stage.invitation.created_at).days >= 29


def test_the_invitation_must_be_withdrawn(desk, stage):
    desk.open("Invitations", stage.invitation.email)
    desk.follow("Withdraw…")
    desk.press("Withdraw")

    desk.expect_done()
    assert Invitation.objects.get().status == "cancelled"


def test_a_member_needs_another_role(desk, stage):
    add_more_rows(stage)
    desk.open("Memberships", str(stage.invitee.email))
    desk.follow("Change role…")
    desk.page.get_by_label("Role in the organization").select_option(str(ADMIN_ROLE))
    desk.press("Change role")

    desk.expect_done()
    assert RoleAssignment.objects.get(membership__user=stage.invitee, unit=None).role_id == ADMIN_ROLE


def test_a_customer_needs_an_organization(desk):
    desk.click(desk.page.locator("tr.model-organization .addlink"))
    desk.page.get_by_label("Name:", exact=True).fill("Hillside Association")
    desk.page.get_by_label(re.compile("owner", re.IGNORECASE)).fill("founder@example.com")
    desk.press("Create an organization")

    created = Organization.objects.get(name="Hillside Association")
    invited = Invitation.objects.get(organization=created)
    assert (invited.email, invited.role_id, created.memberships.count()) == ("founder@example.com", OWNER_ROLE, 0)


def test_an_organization_needs_more_seats(desk, stage):
    desk.open("Organizations", "riverside")
    desk.page.get_by_label("Seats", exact=True).fill("50")
    desk.press("Set seat limit")

    desk.expect_done()
    assert Organization.objects.get(pk=stage.organization.pk).seat_limit == 50


def test_who_changed_this(desk, stage):
    desk.open("Organizations", "riverside")
    desk.follow("Audit log")

    expect(desk.page.locator("#result_list")).to_contain_text("organization.created")
    expect(desk.page.locator("#result_list")).to_contain_text("Owner Cast")


def test_an_account_was_taken_over(desk, stage):
    ApiKeyFactory.create(membership=membership_of(stage.owner, stage.organization))
    intruder = Client()
    intruder.force_login(stage.owner)
    desk.open("Users", str(stage.owner.email))
    desk.follow("Secure account…")
    desk.page.get_by_role("checkbox", name="This cannot be undone").check()
    desk.press("Secure account")

    desk.expect_done()
    assert [(message.to, message.subject) for message in account_emails()] == [
        ([stage.owner.email], "Choose a new password")
    ]
    assert not User.objects.get(pk=stage.owner.pk).has_usable_password()
    assert not ApiKey.objects.exists()
    assert intruder.get("/accounts/profile/").status_code == 302


def test_a_phone_is_lost(desk, stage):
    AuthenticatorFactory.create(user=stage.owner)
    desk.open("Users", str(stage.owner.email))
    desk.follow("Remove two-factor authentication…")
    desk.press("Remove two-factor authentication")

    desk.expect_done()
    assert not stage.owner.authenticator_set.exists()
    assert [(message.to, message.subject) for message in account_emails()] == [
        ([stage.owner.email], "Two-factor authentication was removed")
    ]


def test_the_bounces_of_the_week(desk, stage):
    add_more_rows(stage)
    desk.stage.visitor.go("/admin/")
    desk.follow(re.compile("emails bounced or failed in the last 7 days"))

    expect(desk.page.locator("#result_list tbody tr")).to_have_count(1)
    expect(desk.page.locator("#result_list")).to_contain_text(TYPO)
    expect(desk.page.locator("#result_list")).to_contain_text("550 5.1.1 No such mailbox here")


def test_why_is_the_queue_growing(desk, stage):
    Email.objects.update(due_at=stage.invitation.created_at - timedelta(hours=1))
    desk.stage.visitor.go("/admin/")

    expect(desk.page.get_by_role("region", name="Sending of emails")).to_contain_text(
        "No worker is sending emails. Start the worker, or look at its log."
    )
    desk.follow(re.compile("emails due"))
    expect(desk.page.locator("#result_list tbody tr")).to_have_count(1)
