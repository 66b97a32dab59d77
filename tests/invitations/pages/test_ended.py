"""Test the pages of ended invitations: each state has its own text and HTTP status, with or without an account."""

import pytest
from django.utils import timezone

from invitations.models import Invitation
from tests.factories import InvitationFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

ASK = "Still want to join? Ask Owner Cast for a new invitation."
ENDS = {
    "accepted": (
        410,
        [
            "This invitation has been accepted",
            "The invitation to Riverside can't be used again. If you accepted it, sign in with the account you used.",
        ],
    ),
    "declined": (
        410,
        [
            "This invitation has been declined",
            "You haven't joined Riverside. We've told the person who invited you.",
            ASK,
        ],
    ),
    "cancelled": (
        410,
        ["This invitation has been withdrawn", "Riverside withdrew it, so you can't respond anymore.", ASK],
    ),
    "error": (
        410,
        [
            "We couldn't deliver this invitation",
            "The mail server for invitee@example.com rejected our email, so the invitation is no longer valid.",
            ASK,
        ],
    ),
    "processing": (
        409,
        [
            "Accepted, waiting for a free seat",
            "Riverside has no free seat right now. The membership starts as soon as there is one.",
        ],
    ),
}

WAY_ON = {"accepted": "Sign in", "processing": "Sign in"}


def end(invitation, status, **values):
    finished = None if status == "processing" else timezone.now()
    Invitation.objects.filter(pk=invitation.pk).update(status=status, finished_at=finished, **values)


@pytest.mark.parametrize("status", ENDS)
def test_the_page_shows_how_it_ended(invitation, open_link, status):
    end(invitation, status)

    response = open_link(invitation)

    assert (response.status_code, visible_text(response)) == (
        ENDS[status][0],
        [*ENDS[status][1], WAY_ON.get(status, "Home")],
    )


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("button", ["accept", "decline", "ask-again"])
def test_no_button_does_anything_any_more(client, invitation, invitee, status, button):
    end(invitation, status)
    client.force_login(invitee)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert (response.status_code, visible_text(response)) == (ENDS[status][0], [*ENDS[status][1], "My invitations"])
    assert changes.nothing


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_superseded_invitation_leads_to_the_newest_email(organization, owner, invitation, open_link, status):
    end(invitation, status)
    end(
        invitation,
        status,
        superseded_by=InvitationFactory.create(organization=organization, email=invitation.email, inviter=owner),
    )

    response = open_link(invitation)

    assert response.status_code == 410
    assert visible_text(response) == [
        "A newer invitation replaced this one",
        "Use the link in the latest email about your invitation to Riverside.",
        "Can't find it? Look in your spam folder too.",
        "Do you have an account with the invited email address? You'll find the invitation there, too.",
        "Sign in",
    ]


def test_a_corrected_address_is_not_shown_to_the_wrong_one(organization, owner, invitation, open_link):
    end(
        invitation,
        "cancelled",
        superseded_by=InvitationFactory.create(organization=organization, email="guest@example.com", inviter=owner),
    )

    response = open_link(invitation)

    assert response.status_code == 410
    assert visible_text(response) == [
        "A newer invitation replaced this one",
        "It was sent to a different email address.",
        "Sign in",
    ]


def test_the_page_shows_that_the_inviter_can_no_longer_grant_it(invitation, open_link):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)

    response = open_link(invitation)

    assert response.status_code == 409
    assert visible_text(response) == [
        "You can't accept this invitation anymore",
        "The person who sent it can no longer invite you. Ask someone else at Riverside for a new invitation.",
        "Home",
    ]


def test_somebody_else_with_the_link_sees_the_end_and_not_whose_account_it_was(
    client, invitation, invitee, stranger, open_link
):
    end(invitation, "accepted", answered_by=invitee)
    client.force_login(stranger)

    response = open_link(invitation)

    assert (response.status_code, visible_text(response)) == (410, [*ENDS["accepted"][1], "My invitations"])


def test_the_person_who_accepted_sees_that(client, invitation, invitee, page_of):
    end(invitation, "accepted", answered_by=invitee)
    client.force_login(invitee)

    assert page_of(invitation).status_code == 200
    assert visible_text(page_of(invitation))[0] == "You're a member of Riverside"


def test_strangers_do_not_see_the_end(client, invitation, stranger, page_of):
    end(invitation, "declined")
    client.force_login(stranger)

    assert visible_text(page_of(invitation))[0] == "Open your invitation"
