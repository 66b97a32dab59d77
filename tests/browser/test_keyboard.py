"""Test that an invitee can do everything with the keyboard.

Tab reaches every control, the focus is visible, and Enter works. Every control is large enough and not covered.
"""

import pytest
from playwright.sync_api import Page, expect

from invitations.models import Invitation
from orgs.models import Membership
from tests.browser.stage import set_stage
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser
MAX_STEPS = 30
ASKED = "Decline the invitation to Riverside Cooperative?"
FOCUSED = """() => {
    const element = document.activeElement;
    const label = element.labels && element.labels.length ? element.labels[0].textContent : element.textContent;
    return label.trim();
}"""
OUTLINE = "() => getComputedStyle(document.activeElement).outlineStyle"
# WCAG 2.2: criterion 2.5.8 (target size) exempts links inside a sentence. Criterion 2.4.11 requires that nothing
# covers the focused element.
IS_LARGE_ENOUGH = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect();
    return getComputedStyle(element).display === "inline" || (box.width >= 24 && box.height >= 24);
}"""
IS_IN_FRONT = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect();
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);  // only the visible part
    const there = document.elementFromPoint(box.x + box.width / 2, (top + bottom) / 2);
    return there !== null && (element.contains(there) || there.contains(element));
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus. Each element that gets the focus must be visible."""
    for _ in range(MAX_STEPS):
        page.keyboard.press("Tab")
        assert page.evaluate(OUTLINE) != "none", f"the focus cannot be seen on {page.evaluate(FOCUSED)}"
        assert page.evaluate(IS_LARGE_ENOUGH), f"too small to press: {page.evaluate(FOCUSED)}"
        assert page.evaluate(IS_IN_FRONT), f"hidden behind something: {page.evaluate(FOCUSED)}"
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"{name} is not reached by keyboard")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_from_the_email_to_the_membership(visitor, page):
    stage = set_stage(visitor)
    stage.change(email="newcomer@example.com")
    stage.show()

    press(page, "Create an account")
    expect_heading(page, "Create an account")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect_heading(page, "Join Riverside Cooperative")
    press(page, "Accept", "Space")

    expect_heading(page, "My invitations")
    assert Membership.objects.filter(user__email="newcomer@example.com").exists()


def test_from_the_email_to_declining_with_a_reason(visitor, page):
    stage = set_stage(visitor)
    stage.show()

    press(page, "Decline")
    expect_heading(page, ASKED)
    press(page, "Add a reason or unsubscribe (optional)")
    tab_to(page, "Reason (optional)")
    page.keyboard.type("Not now.")
    press(page, "Decline")

    expect_heading(page, "This invitation has been declined")
    assert Invitation.objects.get(pk=stage.invitation.pk).decline_reason == "Not now."


def test_declining_while_signed_in_reaches_the_questions_before_the_button(visitor, page):
    stage = set_stage(visitor)
    visitor.sign_in(stage.invitee)
    stage.show()

    press(page, "Decline")
    expect_heading(page, ASKED)
    press(page, "Add a reason or unsubscribe (optional)")
    tab_to(page, "Reason (optional)")
    page.keyboard.type("Not now.")
    tab_to(page, "Keep them")
    page.keyboard.press("ArrowDown")
    press(page, "Decline")

    expect_heading(page, "This invitation has been declined")
    expect(page.get_by_role("status")).to_have_text(
        "We won't email invitations from Riverside Cooperative to invitee@example.com anymore."
    )
    assert Invitation.objects.get(pk=stage.invitation.pk).decline_reason == "Not now."


def test_enter_in_the_questions_never_accepts(visitor, page):
    stage = set_stage(visitor)
    visitor.sign_in(stage.invitee)
    stage.show()

    press(page, "Decline")
    expect_heading(page, ASKED)
    press(page, "Add a reason or unsubscribe (optional)")
    tab_to(page, "Keep them")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect_heading(page, "This invitation has been declined")


def test_from_the_wrong_account_to_the_right_one(visitor, page):
    stage = set_stage(visitor)
    visitor.sign_in(stage.stranger)
    stage.show()

    press(page, "Switch account")
    expect_heading(page, "Sign in")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect_heading(page, "Join Riverside Cooperative")


def test_asking_for_a_new_invitation(visitor, page):
    stage = set_stage(visitor)
    stage.change(expires_at="2025-06-01T14:05:00Z")
    stage.show()

    press(page, "Ask for a new invitation")

    expect(page.get_by_role("status")).to_contain_text("You've asked for a new one.")


def test_the_first_tab_stop_skips_the_header(visitor, page):
    stage = set_stage(visitor)
    visitor.sign_in(stage.invitee)
    visitor.go("/invitations")

    press(page, "Skip to content")
    tab_to(page, "Riverside Cooperative")

    assert page.evaluate("document.activeElement.closest('main') !== null")
