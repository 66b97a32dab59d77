"""Test the invitation page for signed-out visitors. It must not show whether the address has an account."""

import re
from datetime import UTC, datetime

import pytest

from core.relative_time import relative_time
from invitations.models import Invitation
from invitations.tokens import PAGE_PURPOSES, Purpose
from tests.factories import UserFactory
from tests.support.pages import visible_text

FIRST_OF_JUNE = datetime(2099, 6, 1, 14, 5, tzinfo=UTC)
SHOWN = [
    "Join Riverside",
    "Owner Cast invited you to join Riverside.",
    "Role",
    "Editor",
    "Members",
    "3",
    "Invited email address",
    "invitee@example.com",
    "Expires",
    f"{relative_time(FIRST_OF_JUNE)}, on June 1, 2099, 2:05 p.m. UTC",
    "To accept, you need an account for invitee@example.com. We'll bring you right back here.",
    "Create an account",
    "Already have an account?",
    "Sign in",
]
TO_DECLINE = ["Don't want to join? You don't need an account for that.", "Decline"]


@pytest.fixture(autouse=True)
def _until_the_first_of_june(invitation):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at="2099-06-01T14:05:00Z")


def test_the_emailed_link_offers_to_sign_in_or_up_and_to_decline(invitation, open_link):
    response = open_link(invitation)

    assert response.status_code == 200
    assert visible_text(response) == SHOWN + TO_DECLINE


def test_the_listed_link_does_not_offer_to_decline(invitation, open_link):
    response = open_link(invitation, Purpose.LISTED)

    assert response.status_code == 200
    assert visible_text(response) == SHOWN


@pytest.mark.parametrize("purpose", PAGE_PURPOSES)
def test_the_page_is_the_same_whether_the_address_has_an_account_or_not(invitation, open_link, purpose):
    without = open_link(invitation, purpose).content
    UserFactory.create(email="invitee@example.com")
    with_account = open_link(invitation, purpose).content

    assert hide_tokens(with_account) == hide_tokens(without)


def hide_tokens(html: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html.decode())
