"""Test the pages of ended invitations: each has its own text and status, also without an account."""

import pytest
from django.utils import timezone

from invitations.models import Invitation
from tests.factories import InvitationFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

ASK = "If you would still like to join, ask Owner Cast for a new invitation."
ENDS = {
    "accepted": (
        410,
        [
            "This invitation was accepted",
            "The invitation to Riverside has been answered with yes and cannot be used again."
            " If that was you, sign in with the account you used.",
        ],
    ),
    "declined": (
        410,
        [
            "This invitation was declined",
            "You have not joined Riverside. Whoever invited you has been told.",
            ASK,
        ],
    ),
    "cancelled": (
        410,
        ["This invitation was withdrawn", "Riverside has withdrawn it, so it can no longer be answered.", ASK],
    ),
    "error": (
        410,
        [
            "The mail of this invitation could not be delivered",
            "The mail server of invitee@example.com refused it, so the invitation has ended.",
            ASK,
        ],
    ),
    "processing": (
        409,
        [
            "Accepted, and waiting for a free seat",
            "This invitation was accepted. Riverside has no free seat at the moment;"
            " the membership begins as soon as there is one.",
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
        [*ENDS[status][1], WAY_ON.get(status, "To the start page")],
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
        "A newer invitation took the place of this one",
        "Please use the link in the newest mail about your invitation to Riverside.",
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
        "A newer invitation took the place of this one",
        "It was sent to another address.",
        "Sign in",
    ]


def test_the_page_shows_that_the_inviter_can_no_longer_grant_it(invitation, open_link):
    Invitation.objects.filter(pk=invitation.pk).update(inviter=None)

    response = open_link(invitation)

    assert response.status_code == 409
    assert visible_text(response) == [
        "This invitation can no longer be accepted",
        "Whoever sent it may no longer offer it. Ask somebody else at Riverside for a new invitation.",
        "To the start page",
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
    assert visible_text(page_of(invitation))[0] == "You belong to Riverside"


def test_strangers_do_not_see_the_end(client, invitation, stranger, page_of):
    end(invitation, "declined")
    client.force_login(stranger)

    assert page_of(invitation).status_code == 404
