"""Test every scene in English, and the main scenes in German: accessibility, language, widths, light and dark.

To take pictures of the scenes, use `make screenshots` (see `take_screenshots.py`).
"""

import re
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

import tests.browser.account_email_scenes
import tests.browser.account_scenes
import tests.browser.activity_scenes
import tests.browser.admin_account_scenes
import tests.browser.admin_form_scenes
import tests.browser.admin_oauth_scenes
import tests.browser.admin_scenes
import tests.browser.admin_webhook_scenes
import tests.browser.consent_scenes
import tests.browser.email_scenes
import tests.browser.invite_scenes
import tests.browser.key_scenes
import tests.browser.mailbox_scenes
import tests.browser.member_scenes
import tests.browser.name_scenes
import tests.browser.organization_scenes
import tests.browser.refusal_scenes
import tests.browser.role_scenes
import tests.browser.scenes
import tests.browser.settings_scenes
import tests.browser.several_units_scenes
import tests.browser.unit_scenes
import tests.browser.webhook_scenes  # noqa: F401 - the imports register the scenes
from tests import repetition
from tests.browser.stage import SCENES, set_stage

TAGS_OF_EMAILS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TAGS = [*TAGS_OF_EMAILS, "best-practice"]  # for pages only, because an email client adds its own landmarks
OPTIONS = {
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,  # preloading style sheets would load them again, which the Content Security Policy forbids
}
RULES_OF_LOOKS = ["color-contrast", "target-size"]  # the only ones whose result a second look at a page can change
# The only ones whose result another language can change: a translated text may be empty, and longer.
RULES_OF_TEXTS = [
    *RULES_OF_LOOKS,
    "button-name",
    "document-title",
    "empty-heading",
    "html-has-lang",
    "html-lang-valid",
    "image-alt",
    "input-button-name",
    "label",
    "link-name",
    "select-name",
]
WIDE, NARROW = 1100, 320
SCENES_OF_A_PAGE = 50
# The most common scenes. They are tested in both languages. The other scenes use the same texts and styles.
MAIN = (
    "signed-out", "right-account", "decline-asked", "reason-refused", "wrong-account", "right-but-unverified-address",
    "already-a-member", "accepted-by-you", "just-accepted", "waiting-for-a-seat", "declined", "withdrawn", "expired",
    "expired-and-asked-again", "superseded", "unknown", "sign-in-from-the-invitation", "sign-in-failed",
    "sign-up-from-the-invitation", "sign-up-refused", "start-page", "my-invitations", "with-long-names",
    "sign-in", "forgotten-password", "verification-sent", "addresses-of-every-kind", "profile", "profile-saved",
    "sessions", "signed-out-elsewhere", "your-data", "account-deletion", "account-deletion-of-an-owner",
    "account-deleted-for-good",
    "two-factor-activation", "consent", "no-more-emails", "emails-refused",
    "how-to-open", "how-to-open-from-another-account", "sign-in-without-a-password", "first-password",
    "first-password-refused", "wrong-account-whose-address-is-free", "unverified-address-with-the-listed-link",
    "sign-up-for-a-closed-account", "declined-and-no-more-emails", "page-not-found", "email-invitation",
    "email-reminder", "email-accepted", "email-new-invitation-asked-for", "email-new-account", "email-unproven-address",
    "email-further-address", "email-account-exists", "email-new-password", "email-no-account",
    "email-invitation-from-staff", "email-reminder-from-staff", "email-new-password-from-staff",
    "email-two-factor-removed", "email-address-verified-by-staff", "email-password-changed", "email-role-changed",
    "email-two-factor-added", "email-two-factor-ended", "email-recovery-codes-renewed", "email-identity-linked",
    "email-address-added", "email-main-address-changed", "email-membership-ended", "email-ownership-transferred",
    "email-api-key-created", "email-oauth-application-created", "email-webhook-disabled",
    "profile-with-chosen-emails", "emails-delayed",
    "home-signed-in", "home-without-an-organization", "new-organization-refused", "people", "archived-organization",
    "selected-invitations-to-resend", "selected-invitations-withdrawn", "no-invitation-selected",
    "member-page", "member-role", "member-removal-asked", "leaving-refused", "invite-page", "invite-page-refused",
    "invite-page-with-several-units", "invite-many-page", "invite-preview",
    "sent-invitation", "sent-invitation-to-change", "sent-invitation-to-withdraw", "resending-refused",
    "activity", "activity-with-a-wrong-filter", "activity-not-for-members",
    "api-keys", "new-api-key-refused", "api-key-created", "oauth-applications", "new-oauth-client-refused",
    "settings-refused", "settings-for-members", "seats-and-limits", "archiving-asked", "deletion-for-good-refused",
    "roles", "new-role-refused", "new-unit-role", "role-deletion-asked", "units", "unit", "unit-change-refused",
    "unit-deletion-refused", "ownership-transfer-asked", "link-of-an-invitation",
    "oauth-client-registered", "oauth-secret-renewal-asked",
    "people-without-permissions", "organization-that-requires-two-factor-authentication",
)  # fmt: skip
SCENES_IN_LANGUAGES = [*((name, "en") for name in SCENES), *((name, "de") for name in MAIN)]
# To save time, each color scheme and each width is tested once. German texts are longer, so German is tested on the
# narrow screen.
LOOKS = {"en": [("light", WIDE), ("dark", NARROW)], "de": [("light", NARROW)]}
PLACES = {name: number for number, name in enumerate(SCENES)}
LINES_OF_THE_HEADER = """() => new Set(
    [...document.querySelectorAll("header.top nav :is(a, button)")].map(link => link.getBoundingClientRect().top)
).size"""
# On a narrow screen, the navigation of an organization starts at the link to the current page.
CURRENT_TAB_IN_SIGHT = """() => [...document.querySelectorAll(".tabs [aria-current]")].every(tab => {
    const {left, right} = tab.getBoundingClientRect();
    return (left + right) / 2 > 0 && (left + right) / 2 < innerWidth;
})"""
PRIMARY = "main#content .button:not(.plain, .danger)"  # the filled buttons of our own pages
LINK = re.compile(r"https?://\S+")
ENGLISH = re.compile(
    r"\b(the|and|you|your|is|are|of|with|this|that|please|password|has|have|not|from|by|to)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def pages(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """Return an iterator whose page is used by many scenes one after the other: styles, fonts and axe are loaded once.

    After some scenes, a new page replaces it, because the memory of its process grows.
    """

    def endless() -> Iterator[Page]:
        while True:
            context = browser.new_context(**browser_context_args)
            context.add_init_script(Axe().axe_script)
            yield from repeat(context.new_page(), SCENES_OF_A_PAGE)
            context.close()

    return endless()


@pytest.fixture
def page(pages: Iterator[Page]) -> Page:
    """Return a page without the cookies, colors and width of earlier scenes.

    It still shows the scene before. An empty page in between would start a process, which takes as long as a scene.
    """
    page = next(pages)
    page.context.clear_cookies()
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size({"width": 1280, "height": 720})
    return page


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Return the list to which each message in the browser's console is added."""
    texts: list[str] = []

    def add(message: ConsoleMessage) -> None:
        texts.append(message.text)

    page.on("console", add)
    yield texts
    page.remove_listener("console", add)


@pytest.mark.browser
@pytest.mark.any_database
@pytest.mark.parametrize(("name", "language"), SCENES_IN_LANGUAGES)
def test_a_page_has_no_accessibility_fault_and_fits_every_screen(name, language, visitor, page, complaints):
    status, play = SCENES[name]
    visitor.activate_language(language)

    response = play(set_stage(visitor))

    assert response.status == status
    assert page.locator("html").get_attribute("lang") == language
    for look, (scheme, width) in enumerate(looks_of(name, language)):
        # Without reduced motion, axe would measure colors during a CSS transition.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        tags = TAGS_OF_EMAILS if name.startswith("email-") else TAGS
        assert faults(page, tags, RULES_OF_LOOKS if look else RULES_OF_TEXTS if language == "de" else None) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(LINES_OF_THE_HEADER) <= 1
        page.wait_for_function(CURRENT_TAB_IN_SIGHT)
    assert page.locator(PRIMARY).count() <= 1 or name == "recovery-codes"  # django-allauth's page has two
    assert [line for line in complaints if "Content Security Policy" in line] == []
    if language == "de":
        lines = LINK.sub("", page.locator("body").inner_text()).splitlines()
        assert [line for line in lines if ENGLISH.search(line) or "E-Mail" in line] == []


def looks_of(name: str, language: str) -> list[tuple[str, int]]:
    """Return all looks with `--full`. Otherwise one, so that every second scene is dark: they share their styles."""
    looks = LOOKS[language]
    return looks if repetition.full else [looks[PLACES[name] % len(looks)]]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("<main><h1>Heading</h1><img src='/static/perfectworks.svg'></main>", "image-alt"),
        ("<main><h1 style='color:#ccc;background:#fff'>Heading</h1></main>", "color-contrast"),
        ("<main><h1>Heading</h1><input></main>", "label"),
        ("<main><h1>Heading</h1>" + "<a href='/' style='font-size:8px'>a</a><br>" * 2 + "</main>", "target-size"),
    ],
)
def test_the_check_finds_faults(page, html, rule):
    page.goto("about:blank")  # has no Content Security Policy
    page.set_content(f"<!DOCTYPE html><html lang=en><title>Title</title>{html}</html>")

    assert [fault.split(":")[0] for fault in faults(page)][:1] == [rule]


def faults(page: Page, tags: list[str] = TAGS, rules: list[str] | None = None) -> list[str]:
    """Return the violated accessibility rules, each with the element that violates the rule.

    Checks the rules with these tags or, if given, only ``rules``.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {**OPTIONS, "runOnly": {"type": "rule" if rules else "tag", "values": rules or tags}}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]
