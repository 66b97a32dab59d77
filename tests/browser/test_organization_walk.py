"""Test in a browser what an owner does, from a new organization to leaving it, and a file of each format."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.addresses import normalize_address
from invitations.actions.answering import accept, decline
from invitations.email.delivery_reports import take_report
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, OWNER_ROLE
from outbox.delivery_reports import Report
from tests.browser.test_walks import expect_heading, follow, press
from tests.factories import UserFactory
from tests.support.people import PASSWORD, membership_of, role_id_of, session_of

pytestmark = pytest.mark.browser
SAMPLES = Path(__file__).parents[1] / "invitations/uploads/samples"


@pytest.fixture
def founder(visitor):
    """The user who signs in with the password, and therefore has signed in recently."""
    founder = UserFactory.create(email="founder@example.com", password=PASSWORD, first_name="Fay", last_name="Founder")
    visitor.go("/accounts/login/")
    visitor.submit({"Email": "founder@example.com", "Password": PASSWORD}, "Sign in")
    return founder


def invitation_to(address):
    return Invitation.objects.with_details().get(email=normalize_address(address))


def answer_all(ann):
    """Ann accepts, Bob declines, and the email to Carl bounces."""
    accept(by=session_of(ann), invitation_id=invitation_to("ann@example.com").pk)
    bob = UserFactory.create(email="bob@example.com")
    decline(by=session_of(bob), invitation_id=invitation_to("bob@example.com").pk, reason="Not now")
    email = Email.objects.get(recipient="carl@example.com")
    report = Report(Email.State.BOUNCED, "550 5.1.1", "550 5.1.1 User unknown", is_final=True)
    take_report(email_id=email.pk, report=report)


def test_an_owner_creates_an_organization_invites_three_people_and_hands_it_over(visitor, founder, page):
    ann = UserFactory.create(email="ann@example.com", password=PASSWORD, first_name="Ann", last_name="Lee")
    visitor.go("/")
    follow(page, "Create an organization")
    page.get_by_label("Name").fill("Hillside Choir")
    press(page, "Create")
    expect(page.get_by_role("status")).to_contain_text("Hillside Choir has been created.")

    page.get_by_role("link", name="Invite", exact=True).click()
    follow(page, "Invite many people")
    page.get_by_label("Email addresses").fill('Ann Lee <ann@example.com>, bob@example.com; "Carl" <carl@example.com>')
    press(page, "Preview")
    expect_heading(page, "Check the list")
    press(page, "Invite 3 people")
    expect_heading(page, "3 people have been invited")

    answer_all(ann)
    page.get_by_role("article").get_by_role("link", name="People").click()
    people = page.get_by_role("main")
    expect(people.get_by_role("link", name="Ann Lee")).to_be_visible()
    page.get_by_text("Filters").click()
    page.get_by_label("Show").select_option("Declined invitations")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    expect(people.get_by_role("link", name="bob@example.com")).to_be_visible()
    page.get_by_label("Show").select_option("Undeliverable invitations")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    follow(page, "carl@example.com")
    expect(page.get_by_text("550 5.1.1 User unknown").first).to_be_visible()

    organization = Organization.objects.get()
    visitor.go(f"/organizations/{organization.slug}/members/{membership_of(ann, organization).pk}")
    follow(page, "Change role")
    page.get_by_label("Role", exact=True).select_option("Editor")
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("The role of Ann Lee has been changed.")
    assert role_id_of(ann, organization) == EDITOR_ROLE

    follow(page, "Transfer ownership")
    press(page, "Transfer ownership")
    expect(page.get_by_role("status")).to_contain_text("Ann Lee is now the owner.")
    assert role_id_of(ann, organization) == OWNER_ROLE

    visitor.go(f"/organizations/{organization.slug}/members/{membership_of(founder, organization).pk}")
    follow(page, "Leave")
    press(page, "Leave")
    expect(page.get_by_role("status")).to_contain_text("You have left Hillside Choir.")
    assert not organization.memberships.filter(user=founder).exists()


FILES = sorted(path for path in SAMPLES.iterdir() if path.suffix != ".md")


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_file_of_each_format_is_previewed(visitor, founder, page, file):
    visitor.go("/new-organization")
    visitor.submit({"Name": "Hillside Choir"}, "Create")
    visitor.go("/organizations/hillside-choir/invite/many")
    page.get_by_label("Or a file").set_input_files(file)
    press(page, "Preview")

    expect_heading(page, "Check the list")
    assert page.locator(".people li").count() > 0
    assert not Invitation.objects.exists()


def test_the_link_of_an_invitation_is_shown(visitor, founder, page):
    visitor.go("/new-organization")
    visitor.submit({"Name": "Hillside Choir"}, "Create")
    visitor.go("/organizations/hillside-choir/invite")
    visitor.submit({"Email address": "ann@example.com"}, "Invite")
    visitor.go(f"/organizations/hillside-choir/invitations/{invitation_to('ann@example.com').pk}")
    press(page, "Show the link")

    link = page.get_by_label("Link").input_value()
    page.context.clear_cookies()  # another person's browser
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hillside Choir")
