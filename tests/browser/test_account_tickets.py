"""Close tickets of the help desk about accounts in a browser, as a member of the support team, with few clicks."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core import mail
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.browser.scenes import Stage, set_stage
from tests.factories import ApiKeyFactory, AuthenticatorFactory, UserFactory
from tests.support.people import membership_of

pytestmark = pytest.mark.browser
MAX_CLICKS = 5


class Desk:
    """A member of the support team on the start page of the admin. Counts clicks."""

    def __init__(self, stage: Stage) -> None:
        self.page: Page = stage.visitor.page
        self.clicks = 0
        support = UserFactory.create(email="support@example.com", staff=True)
        support.groups.add(Group.objects.get(name="support"))
        stage.visitor.sign_in(support)
        stage.visitor.go("/admin/")

    def click(self, found: Locator) -> None:
        self.clicks += 1
        found.click()

    def follow(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True).first)

    def press(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def open_account(self, address: str) -> None:
        self.follow("Users")
        self.page.get_by_role("searchbox").or_(self.page.locator("#searchbar")).first.fill(address)
        self.page.keyboard.press("Enter")
        self.follow(address)


@pytest.fixture
def stage(visitor) -> Stage:
    return set_stage(visitor)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


def expect_done(page: Page, label: str) -> None:
    expect(page.locator(".messagelist")).to_have_text(f"{label}: done.")


def test_a_lost_phone(stage: Stage, desk: Desk, page: Page):
    AuthenticatorFactory.create(user=stage.invitee)
    desk.open_account("invitee@example.com")
    desk.follow("Remove two-factor authentication…")
    desk.press("Remove two-factor authentication")
    expect_done(page, "Remove two-factor authentication")
    assert desk.clicks <= MAX_CLICKS
    assert not Authenticator.objects.exists()
    assert [message.to for message in mail.outbox] == [["invitee@example.com"]]


def test_an_account_that_was_taken_over(stage: Stage, desk: Desk, page: Page):
    key = ApiKeyFactory.create(membership=membership_of(stage.owner, stage.organization))
    desk.open_account("owner@example.com")
    desk.follow("Secure account…")
    desk.click(page.get_by_label("This cannot be undone"))
    desk.press("Secure account")
    expect_done(page, "Secure account")
    assert desk.clicks <= MAX_CLICKS
    assert not User.objects.get(pk=stage.owner.pk).has_usable_password()
    assert not type(key).objects.filter(pk=key.pk).exists()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["owner@example.com"], "Choose a new password")
    ]
