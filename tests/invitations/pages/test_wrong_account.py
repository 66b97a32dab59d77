"""Test the invitation link when the visitor is signed in to another account."""

import pytest

from invitations.pages.link_session import load_proof
from invitations.tokens import Proof, Purpose
from tests.support.changes import track_changes
from tests.support.pages import visible_text

pytestmark = pytest.mark.usefixtures("signed_in")
PAGE = [
    "This invitation is for a different email address",
    "Organization",
    "Riverside",
    "Invited email address",
    "invitee@example.com",
    "You're signed in as",
    "stranger@example.com",
    "Nothing has changed. The invitation stays open for the invited person.",
    "Switch account",
    "Stay signed in",
]


@pytest.fixture
def signed_in(client, stranger):
    client.force_login(stranger)


def test_the_page_says_who_is_signed_in_and_who_is_invited(invitation, open_link):
    response = open_link(invitation)

    assert response.status_code == 403
    assert visible_text(response) == PAGE


@pytest.mark.parametrize("button", ["accept", "decline"])
def test_no_answer_is_taken_and_the_invitation_is_not_spent(client, invitation, open_link, button):
    open_link(invitation)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert response.status_code == 403
    assert visible_text(response) == PAGE
    assert changes.nothing


def test_switching_signs_out_and_leads_to_the_sign_in_of_this_invitation(client, invitation, open_link):
    open_link(invitation)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/switch")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}/sign-in")
    assert "_auth_user_id" not in client.session
    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 1, Purpose.EMAILED)
    assert changes.nothing


def test_switching_keeps_nothing_else_of_the_session(client, invitation, open_link):
    open_link(invitation)
    session = client.session
    session["something"] = "of the stranger"
    session.save()
    key = session.session_key

    client.post(f"/invitations/{invitation.pk}/switch")

    assert set(client.session.keys()) == {"invitation_proofs"}
    assert client.session.session_key != key


def test_without_the_link_the_invitation_is_unknown(client, invitation, page_of):
    assert page_of(invitation).status_code == 404
    for button in ("accept", "decline", "ask-again", "switch", "verify"):
        assert client.post(f"/invitations/{invitation.pk}/{button}").status_code == 404
