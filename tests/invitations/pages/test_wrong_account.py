"""Test the invitation link when the visitor is signed in to another account."""

import pytest
from allauth.account.models import EmailAddress

from invitations.actions.transitions import leave_pending, raise_generation
from invitations.pages.link_session import load_proof
from invitations.tokens import Proof, Purpose
from tests.factories import UserFactory
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.usefixtures("signed_in")
ADDRESS = "invitee@example.com"
PAGE = [
    "This invitation is for a different email address",
    "Organization",
    "Riverside",
    "Invited email address",
    "invitee@example.com",
    "You're signed in as",
    "stranger@example.com",
    "Nothing has changed. The invitation stays open for the invited person.",
]
OFFER = "Do both email addresses belong to you? Add invitee@example.com to this account, then respond."
TAKEN = "invitee@example.com already belongs to another account, so you can't add it to this one."
WITH_OFFER = [*PAGE, OFFER, "Add to this account", "Switch account", "Stay signed in"]


@pytest.fixture
def signed_in(client, stranger):
    client.force_login(stranger)


def test_the_page_says_who_is_signed_in_and_who_is_invited(invitation, open_link):
    response = open_link(invitation)

    assert response.status_code == 403
    assert visible_text(response) == WITH_OFFER


@pytest.mark.parametrize("button", ["accept", "decline"])
def test_no_answer_is_taken_and_the_invitation_is_not_spent(client, invitation, open_link, button):
    open_link(invitation)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert response.status_code == 403
    assert visible_text(response) == WITH_OFFER
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
    assert visible_text(page_of(invitation))[0] == "Open your invitation"
    for button in ("accept", "decline", "ask-again", "switch", "verify", "add-address"):
        assert client.post(f"/invitations/{invitation.pk}/{button}").status_code == 404


# Add the invited address to the account


def addresses(user):
    return sorted(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary"))


def add(client, invitation):
    return client.post(f"/invitations/{invitation.pk}/add-address")


def test_the_emailed_link_adds_the_invited_address_and_the_person_can_accept(client, invitation, stranger, open_link):
    open_link(invitation)

    with track_changes() as changes:
        response = add(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert addresses(stranger) == [("invitee@example.com", True, False), ("stranger@example.com", True, True)]
    assert changes.events == [event("user.address_proven", stranger, session_of(stranger))]
    assert visible_text(client.get(response["Location"]))[0] == "Join Riverside"
    assert client.post(f"/invitations/{invitation.pk}/accept").status_code == 302
    assert membership_of(stranger, invitation.organization)


def test_an_account_without_an_address_gets_the_invited_one_as_its_main_address(client, invitation, open_link):
    user = UserFactory.create(email=None, email_address=None)
    client.force_login(user)
    open_link(invitation)

    add(client, invitation)

    user.refresh_from_db()
    assert (user.email, addresses(user)) == (ADDRESS, [(ADDRESS, True, True)])


def test_an_account_that_never_verified_the_address_gives_way(client, invitation, stranger, open_link):
    squatter = UserFactory.create(email=ADDRESS, unverified=True)
    open_link(invitation)

    add(client, invitation)

    squatter.refresh_from_db()
    assert (squatter.email, addresses(squatter)) == (None, [])
    assert (ADDRESS, True, False) in addresses(stranger)


@pytest.mark.parametrize("closed", [{}, {"deactivated": True}, {"deleted": True}])
def test_the_address_of_another_account_cannot_be_added(client, invitation, stranger, open_link, closed):
    UserFactory.create(email=ADDRESS, **closed)

    page = open_link(invitation)
    with track_changes() as changes:
        response = add(client, invitation)

    assert (page.status_code, response.status_code) == (403, 409)
    assert visible_text(page) == visible_text(response) == [*PAGE, TAKEN, "Switch account", "Stay signed in"]
    assert changes.nothing


def test_the_listed_link_proves_no_mailbox_and_adds_nothing(client, invitation, stranger, open_link):
    UserFactory.create(email="another@example.com")
    page = open_link(invitation, Purpose.LISTED)

    with track_changes() as changes:
        response = add(client, invitation)

    assert visible_text(page) == [*PAGE, "Switch account", "Stay signed in"]
    assert response.status_code == 404
    assert changes.nothing


@pytest.mark.parametrize("ending", ["older", "cancelled", "expired"])
def test_the_link_of_an_older_email_or_an_ended_invitation_adds_nothing(client, invitation, open_link, ending):
    open_link(invitation)
    if ending == "older":
        raise_generation(invitation.pk)
    else:
        leave_pending(invitation.pk, ending)

    with track_changes() as changes:
        response = add(client, invitation)

    assert response.status_code == 410
    assert changes.nothing
