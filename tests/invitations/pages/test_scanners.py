"""Test that link scanners, link previews and browsers that prefetch pages change nothing.

Each client opens every link in every email, and every URL on the pages that these links open. Afterwards all tables
except the sessions have the same rows, and the invitee can still accept.
"""

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from accounts.principals import LINK_HOLDER
from core.addresses import normalize_address
from invitations.actions import answering, inviting
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from invitations.tokens import Proof, Purpose
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.factories import InvitationFactory
from tests.repetition import times
from tests.support.changes import all_models, rows_of
from tests.support.outbox import deliver_next
from tests.support.people import PASSWORD, session_of

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
SCANNERS = (
    # Microsoft Defender Safe Links, Outlook and Office previews
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/120.0.0.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    # Proofpoint URL Defense, Mimecast URL Protect, Barracuda Sentinel, Trend Micro, Cisco, Symantec
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME.replace('Chrome', 'HeadlessChrome')}",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Mimecast",
    "Barracuda Sentinel (EE)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; TMUFE)",
    "Mozilla/5.0 (compatible; Cisco-IronPort)",
    "Symantec Email Security.cloud Link Following",
    # Image proxies of Gmail, Yahoo and Apple Mail
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Mozilla/5.0",
    # Link previews of messengers and social networks
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)",
    # HTTP libraries
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Wget/1.21.4",
    "",
)
METHODS = ("get", "head", "options")
LINK = re.compile(r"https?://[^\s\"'<>]+?(?=[.,]?(?:[\s\"'<>]|$))")
LEADS_TO = re.compile(r"(?:href|action|src)=\"([^\"#]+)\"")

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    return inviting.invite(
        by=session_of(owner),
        organization_id=organization.pk,
        email=normalize_address("invitee@example.com"),
        role_id=EDITOR_ROLE,
    )


@pytest.fixture
def emailed_links(
    invitation: Invitation, organization: Organization, owner: User, member: User, mailoutbox: list[Any], settings: Any
) -> list[str]:
    """Return the paths of all links in the emails about invitations and accounts."""
    declined = InvitationFactory.create(organization=organization, email="another@example.com", inviter=owner)
    answering.decline(by=LINK_HOLDER, invitation_id=declined.pk, proof=Proof(declined.pk, 1, Purpose.EMAILED))
    for kind in set(Email.Kind) - {Email.Kind.INVITATION, Email.Kind.ANSWERED}:
        queue_email(invitation, kind)
    while deliver_next():
        pass
    client = Client()
    client.post("/accounts/signup/", {"email": "newcomer@example.com", "password1": PASSWORD})
    client.post("/accounts/signup/", {"email": "member@example.com", "password1": PASSWORD})
    client.post("/accounts/password/reset/", {"email": "member@example.com"})
    assert len(mailoutbox) == len(Email.Kind) + 3
    links = {link for message in mailoutbox for link in LINK.findall(text_of(message))}
    assert all(link.startswith(settings.PUBLIC_BASE_URL) for link in links)
    return sorted(link.removeprefix(settings.PUBLIC_BASE_URL) or "/" for link in links)


def text_of(message: Any) -> str:
    return " ".join([message.body, *(unescape(str(content)) for content, _ in message.alternatives)])


def pages_behind(links: list[str], settings: Any) -> list[str]:
    """Return every URL of this site in the links and forms of these pages."""
    client, found, new = Client(), set(links), [*links]
    while new:
        response = client.get(new.pop(), follow=True)
        here = response.request["PATH_INFO"]
        addresses = {urljoin(here, unescape(to)) for to in LEADS_TO.findall(response.content.decode())}
        ours = {address for address in addresses if not urlsplit(address).netloc} - found
        ours = {here, *(address for address in ours if not address.startswith(settings.STATIC_URL))} - found
        found |= ours
        new += ours
    return sorted(found)


def every_row() -> dict[str, Any]:
    """Return the rows of all tables except the sessions."""
    return {model._meta.label: rows_of(model) for model in all_models() if model._meta.label != "accounts.Session"}


def test_the_emails_and_their_pages_are_these(emailed_links: list[str], invitation: Invitation, settings: Any):
    """Check the lists of links, so that the tests below do not pass because a link is missing."""
    pages = pages_behind(emailed_links, settings)

    page = f"/invitations/{invitation.pk}"
    assert {page, f"{page}/decline", f"{page}/sign-in", f"{page}/sign-up"} <= set(pages)
    assert sum(link.startswith("/i/") for link in emailed_links) >= 1
    assert any(link.startswith("/accounts/confirm-email/") for link in emailed_links)
    assert any(link.startswith("/accounts/password/reset/key/") for link in emailed_links)


@pytest.mark.parametrize("method", METHODS)
def test_scanners_of_every_emailed_link_change_nothing(emailed_links: list[str], method: str):
    before = every_row()

    for number in range(times(len(SCANNERS), in_full=100)):
        scanner = Client(headers={"User-Agent": SCANNERS[number % len(SCANNERS)]})
        for link in emailed_links:
            assert getattr(scanner, method)(link, follow=number % 2).status_code < 500

    assert every_row() == before


@pytest.mark.parametrize("method", METHODS)
def test_scanners_of_every_page_behind_an_emailed_link_change_nothing(
    emailed_links: list[str], invitation: Invitation, settings: Any, method: str
):
    pages = pages_behind(emailed_links, settings)
    pages += [f"/invitations/{invitation.pk}/{name}" for name in ("accept", "ask-again", "switch", "verify")]
    before = every_row()

    for agent in SCANNERS:
        scanner = Client(headers={"User-Agent": agent})
        scanner.get(emailed_links[-1])
        for page in pages:
            assert getattr(scanner, method)(page).status_code < 500

    assert every_row() == before


def test_the_browser_of_the_invitee_may_look_ahead_everywhere(
    emailed_links: list[str], invitation: Invitation, settings: Any, invitee: User, client: Client
):
    client.force_login(invitee)
    pages = [*emailed_links, *pages_behind(emailed_links, settings)]
    before = every_row()

    for page in pages:
        client.get(page, headers={"Sec-Purpose": "prefetch;prerender"})

    assert every_row() == before


def test_after_all_of_them_the_person_can_still_accept(
    emailed_links: list[str], invitation: Invitation, settings: Any, invitee: User, client: Client
):
    for number, agent in enumerate(SCANNERS):
        scanner = Client(headers={"User-Agent": agent})
        for page in pages_behind(emailed_links, settings) if number == 0 else emailed_links:
            for method in METHODS:
                getattr(scanner, method)(page)

    client.force_login(invitee)
    [link] = [link for link in emailed_links if re.fullmatch(r"/i/[\w-]{59}", link)]
    assert client.get(link, follow=True).status_code == 200
    assert client.post(f"/invitations/{invitation.pk}/accept").status_code == 302

    invitation.refresh_from_db()
    assert (invitation.status, invitation.answered_by) == ("accepted", invitee)
