"""Test all steps of an invitee in a browser, from the emailed link to accepting or declining."""

import re

import pytest
from playwright.sync_api import Page, expect

from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose
from orgs.models import Membership
from tests.browser.scenes import expired
from tests.browser.stage import Stage, set_stage
from tests.factories import EmailAddressFactory
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser
JOINED = "You're a member of Riverside Cooperative"  # the page of the accepted invitation
GAINED = "You're now a member of Riverside Cooperative, as Editor."


@pytest.fixture
def stage(visitor) -> Stage:
    return set_stage(visitor)


@pytest.fixture
def newcomer(stage: Stage) -> Stage:
    """Change the invitation to an address without an account."""
    stage.change(email="newcomer@example.com")
    stage.invitation.refresh_from_db()
    return stage


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).click()


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def expect_gain(page: Page) -> None:
    expect_heading(page, "My invitations")
    expect(page.get_by_role("status")).to_contain_text(GAINED)


def status_of(stage: Stage) -> str:
    return Invitation.objects.get(pk=stage.invitation.pk).status


def test_from_the_email_by_signing_up_to_the_membership(newcomer, page):
    newcomer.show()
    follow(page, "Create an account")
    expect(page.get_by_label("Email")).to_have_value("newcomer@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Create an account")
    expect_heading(page, "Join Riverside Cooperative")
    press(page, "Accept")

    expect_gain(page)
    assert Membership.objects.filter(user__email="newcomer@example.com").exists()
    expect(page.get_by_role("region", name="My organizations")).to_contain_text("Riverside Cooperative")


def test_from_the_email_by_signing_in_to_the_membership(stage, page):
    stage.show()
    follow(page, "Sign in")
    expect(page.get_by_label("Email")).to_have_value("invitee@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    press(page, "Accept")

    expect_gain(page)
    assert status_of(stage) == "accepted"


def test_from_the_wrong_account_by_switching_to_the_membership(stage, page):
    stage.visitor.sign_in(stage.stranger)
    stage.show()
    expect_heading(page, "This invitation is for a different email address")
    press(page, "Switch account")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    press(page, "Accept")

    expect_gain(page)
    assert Invitation.objects.get(pk=stage.invitation.pk).answered_by == stage.invitee


def test_declining_with_a_reason_and_without_an_account(newcomer, page):
    newcomer.show()
    follow(page, "Decline")
    page.get_by_text("Add a reason or unsubscribe (optional)").click()
    page.get_by_label("Reason").fill("Too far away.\nBut thank you.")
    press(page, "Decline")

    expect_heading(page, "This invitation has been declined")
    declined = Invitation.objects.get(pk=newcomer.invitation.pk)
    assert (declined.status, declined.decline_reason) == ("declined", "Too far away.\nBut thank you.")


def test_from_an_expired_invitation_to_asking_for_a_new_one(stage, page):
    expired(stage)
    press(page, "Ask for a new invitation")

    expect(page.get_by_role("status")).to_contain_text("You've asked for a new one.")
    assert Email.objects.filter(kind="ask_again", recipient="owner@example.com").count() == 1


def test_a_second_click_shows_the_result_of_the_first(stage, page):
    stage.visitor.sign_in(stage.invitee)
    stage.show()
    page.get_by_role("button", name="Accept").dblclick()

    # The browser shows the response to the second click, unless the first one has already led away from the button.
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"{JOINED}|My invitations"))
    assert Membership.objects.filter(user=stage.invitee).count() == 1


def test_the_back_button_shows_the_current_state(stage, page):
    stage.visitor.sign_in(stage.invitee)
    stage.visitor.go("/invitations")
    page.get_by_role("link", name="Riverside Cooperative").click()
    press(page, "Accept")
    expect_gain(page)

    page.go_back()

    expect_heading(page, JOINED)
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    page.go_back()
    expect(page.get_by_text("You have no open invitations.")).to_be_visible()


def test_the_back_button_after_signing_out_shows_nothing(stage, page):
    stage.visitor.sign_in(stage.invitee)
    stage.visitor.go("/invitations")
    press(page, "Sign out")
    expect_heading(page, "Welcome to PerfectWorks")

    page.go_back()

    expect_heading(page, "Sign in")


def test_a_second_tab_shows_the_new_state(stage, page):
    stage.visitor.sign_in(stage.invitee)
    stage.show()
    other = page.context.new_page()
    other.goto(page.url)
    follow(page, "Decline")
    press(page, "Decline")
    expect_heading(page, "This invitation has been declined")

    press(other, "Accept")

    expect_heading(other, "This invitation has been declined")
    assert not Membership.objects.filter(user=stage.invitee).exists()


def test_signing_in_in_a_second_tab_leaves_the_first_one_usable(stage, page):
    stage.show()
    other = page.context.new_page()
    other.goto(page.url)
    follow(other, "Sign in")
    other.get_by_label("Password").fill(PASSWORD)
    press(other, "Sign in")
    expect_heading(other, "Join Riverside Cooperative")

    follow(page, "Sign in")

    expect(page.get_by_role("button", name="Accept")).to_be_visible()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_no_script_is_needed(newcomer, page):
    newcomer.show()
    follow(page, "Create an account")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Create an account")
    press(page, "Accept")

    expect_gain(page)


def test_the_logo_is_shown_and_where_there_is_none_the_initials_are(stage, page):
    stage.organization.logo_url = f"{stage.visitor.base_url}/static/perfectworks.svg"
    stage.organization.save()
    stage.show()
    logo = page.locator("main .mark img")

    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.naturalWidth") > 0

    stage.organization.logo_url = f"{stage.visitor.base_url}/static/missing.svg"
    stage.organization.save()
    stage.show()

    expect(page.locator("main .mark")).to_have_text("RC")


def test_a_verification_email_that_is_opened_leads_to_the_answer(stage, page, mailoutbox):
    stage.change(email="second@example.com")
    EmailAddressFactory.create(user=stage.stranger, email="second@example.com", verified=False)
    stage.visitor.sign_in(stage.stranger)
    stage.visitor.open_email(stage.invitation, Purpose.LISTED)
    press(page, "Email me the link")
    expect(page.get_by_role("status")).to_contain_text("second@example.com")
    [link] = [word for word in mailoutbox[0].body.split() if "/accounts/confirm-email/" in word]

    page.goto(link)
    press(page, "Confirm")
    page.get_by_role("link", name="Riverside Cooperative").click()

    expect(page.get_by_role("button", name="Accept")).to_be_visible()
