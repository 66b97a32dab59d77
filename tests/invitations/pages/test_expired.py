"""Test the page of an expired invitation, on which the invitee can request a new invitation."""

from datetime import UTC, datetime

import pytest

from core.addresses import normalize_address
from core.relative_time import relative_time
from invitations.email.address_hashes import SendingCounter
from invitations.email.limits import count_email_to
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import PAGE_PURPOSES, Purpose, token_for
from tests.support.changes import track_changes
from tests.support.pages import visible_text

FIRST_OF_JUNE = datetime(2025, 6, 1, 14, 5, tzinfo=UTC)
HEADING = [
    "This invitation has expired",
    f"The invitation to Riverside expired {relative_time(FIRST_OF_JUNE)}, on June 1, 2025, 2:05 p.m. UTC.",
]
ASKED = "You've asked for a new one. We've told the person who invited you. If they agree, you'll get a new email."


@pytest.fixture(autouse=True)
def _past_its_date(invitation):
    expire(invitation)


def expire(invitation, **values):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=FIRST_OF_JUNE, **values)


def ask_again(client, invitation):
    return client.post(f"/invitations/{invitation.pk}/ask-again")


@pytest.mark.parametrize("marked", [False, True])
def test_the_page_says_so_whether_or_not_a_job_has_marked_it(invitation, open_link, marked):
    if marked:
        expire(invitation, status="expired", finished_at="2025-06-01T14:05:00Z")

    response = open_link(invitation)

    assert response.status_code == 410
    assert visible_text(response) == [
        *HEADING,
        "Still want to join? We'll ask Owner Cast for you.",
        "Ask for a new invitation",
    ]


@pytest.mark.parametrize("purpose", PAGE_PURPOSES)
def test_asking_notifies_the_inviter_and_needs_no_account(client, invitation, open_link, page_of, purpose):
    open_link(invitation, purpose)

    with track_changes() as changes:
        response = ask_again(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert [(event.kind, event.method) for event in changes.events] == [("invitation.asked_again", "link")]
    assert list(Email.objects.values_list("kind", "recipient")) == [("ask_again", "owner@example.com")]
    assert visible_text(page_of(invitation)) == [*HEADING, ASKED, "Home"]


def test_asking_twice_asks_once(client, invitation, open_link):
    open_link(invitation)
    ask_again(client, invitation)

    with track_changes() as changes:
        response = ask_again(client, invitation)

    assert response.status_code == 302
    assert changes.nothing


def test_a_person_who_verified_the_address_asks_without_the_link(client, invitation, invitee, page_of):
    client.force_login(invitee)

    assert visible_text(page_of(invitation))[-1] == "Ask for a new invitation"
    assert ask_again(client, invitation).status_code == 302
    assert visible_text(page_of(invitation))[-2:] == [ASKED, "My invitations"]


def test_the_link_of_an_older_email_can_ask_too(client, invitation):
    older = token_for(invitation, Purpose.EMAILED)
    Invitation.objects.filter(pk=invitation.pk).update(generation=2)
    client.get(f"/i/{older}")

    assert ask_again(client, invitation).status_code == 302
    assert Email.objects.get().kind == "ask_again"


def test_with_nobody_to_ask_the_page_offers_none(invitation, open_link):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)

    assert visible_text(open_link(invitation)) == [
        *HEADING,
        "Still want to join? Ask someone at Riverside for a new invitation.",
        "Home",
    ]


def test_when_many_have_just_asked_the_page_says_when_to_try_again(client, invitation, open_link, settings):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    count_email_to(normalize_address("owner@example.com"))
    open_link(invitation)

    with track_changes() as changes:
        response = ask_again(client, invitation)

    assert response.status_code == 429
    assert 3590 <= int(response["Retry-After"]) <= 3600
    assert visible_text(response) == [
        *HEADING,
        "Too many requests right now. Try again in 60 minutes.",
        "Ask for a new invitation",
    ]
    assert changes.nothing
    SendingCounter.objects.all().delete()
    assert ask_again(client, invitation).status_code == 302


@pytest.mark.parametrize("button", ["accept", "decline"])
def test_no_answer_is_taken_any_more(client, invitation, invitee, button):
    client.force_login(invitee)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert response.status_code == 410
    assert visible_text(response)[:2] == HEADING
    assert changes.nothing


def test_an_open_invitation_is_not_asked_for_again(client, invitation, open_link):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at="2099-06-01T14:05:00Z")
    open_link(invitation)

    with track_changes() as changes:
        response = ask_again(client, invitation)

    assert response.status_code == 409
    assert visible_text(response)[0] == "Join Riverside"
    assert changes.nothing
