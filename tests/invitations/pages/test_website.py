"""Test the link to the organization's website: only members see it, and only http(s) URLs become links."""

import pytest

from orgs.models import Organization
from tests.factories import InvitationFactory, MembershipFactory
from tests.support.pages import visible_text

WEBSITE = "https://riverside.example.com/start?from=here&now"
LINK = '<a class="{}" href="https://riverside.example.com/start?from=here&amp;now" rel="noreferrer">Go to Riverside</a>'


@pytest.fixture(autouse=True)
def _signed_in(client, invitee):
    client.force_login(invitee)


def accept(client, invitation):
    client.post(f"/invitations/{invitation.pk}/accept", follow=True)


def test_it_is_the_way_on_after_saying_yes(client, invitation, page_of):
    Organization.objects.update(website=WEBSITE)
    accept(client, invitation)

    page = page_of(invitation)

    assert visible_text(page)[2:] == ["Go to Riverside", "My invitations"]
    assert LINK.format("button") in page.content.decode()


def test_after_joining_people_continue_to_the_page_that_the_organization_names(client, invitation):
    Organization.objects.update(website=WEBSITE, continue_url="https://app.riverside.example.com/start")

    page = client.post(f"/invitations/{invitation.pk}/accept", follow=True)

    assert page.redirect_chain == [(f"/invitations/{invitation.pk}", 302)]
    link = '<a class="button" href="https://app.riverside.example.com/start" rel="noreferrer">Go to Riverside</a>'
    assert link in page.content.decode()


def test_a_member_finds_it_beside_a_further_invitation_and_in_their_list(client, organization, invitee, owner, page_of):
    Organization.objects.update(website=WEBSITE)
    MembershipFactory.create(organization=organization, user=invitee)

    page = page_of(InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner))

    assert visible_text(page)[0] == "You're already a member of Riverside"
    assert LINK.format("keep") in page.content.decode()
    assert 'href="https://riverside.example.com/start' in client.get("/invitations").content.decode()


def test_who_is_only_invited_is_not_led_there(client, invitation, page_of):
    Organization.objects.update(website=WEBSITE)

    assert "riverside.example.com" not in page_of(invitation).content.decode()
    assert "riverside.example.com" not in client.get("/invitations").content.decode()


@pytest.mark.parametrize(
    "website",
    [
        "",
        "javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,example.com",
        "ftp://example.com/",
        "//example.com/",
        "https:example.com",
        "https://user@example.com/",
        "https://[::1/",
    ],
)
def test_what_is_no_website_is_not_linked(client, invitation, page_of, website):
    Organization.objects.update(website=website)
    accept(client, invitation)

    assert visible_text(page_of(invitation))[2:] == ["My invitations"]
    for page in (page_of(invitation), client.get("/invitations")):
        assert "noreferrer" not in page.content.decode()
