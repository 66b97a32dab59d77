"""Test `/i/<token>`: opening it stores the proof of the link in the session and changes nothing else."""

import pytest
from django.utils import timezone

from invitations.actions.transitions import leave_pending, raise_generation
from invitations.pages.link_session import load_proof
from invitations.tokens import PAGE_PURPOSES, Proof, Purpose, token_for
from tests.factories import InvitationFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

UNKNOWN = [
    "We couldn't find this invitation",
    "The link may be incomplete, or the invitation is for someone else.",
    "Did the link come from an email? Open it again in this browser, and make sure your browser allows cookies.",
    "Sign in",
]


@pytest.mark.parametrize("purpose", PAGE_PURPOSES)
def test_the_token_leaves_the_address_and_the_session_keeps_what_it_proved(client, invitation, purpose):
    token = token_for(invitation, purpose)

    response = client.get(f"/i/{token}")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 1, purpose)
    assert token not in str(dict(client.session)) + str(response.headers) + response.content.decode()


def test_the_token_is_on_no_page(client, invitation, open_link):
    page = open_link(invitation)

    assert page.status_code == 200
    assert token_for(invitation, Purpose.EMAILED) not in page.content.decode()


@pytest.mark.parametrize("token", ["x", "A" * 59, "%00", "ſ", "x" * 5000])
def test_what_is_no_token_is_an_unknown_invitation(client, db, token):
    response = client.get(f"/i/{token}")

    assert response.status_code == 404
    assert visible_text(response) == UNKNOWN


@pytest.mark.parametrize("position", [0, 10, 24, 40, 58])
def test_an_altered_token_is_an_unknown_invitation(client, invitation, position):
    token = token_for(invitation, Purpose.EMAILED)
    altered = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]

    response = client.get(f"/i/{altered}")

    assert response.status_code == 404
    assert visible_text(response) == UNKNOWN
    assert load_proof(client.session, invitation.pk) is None


def test_an_invitation_that_is_gone_is_unknown(client, invitation):
    token = token_for(invitation, Purpose.EMAILED)
    invitation.delete()

    assert client.get(f"/i/{token}").status_code == 404


def test_an_archived_organization_invites_nobody(client, invitation, organization, open_link):
    organization.deleted_at = timezone.now()
    organization.save()

    response = open_link(invitation)

    assert response.status_code == 404
    assert visible_text(response) == UNKNOWN


def test_the_link_of_an_older_email_says_that_a_newer_one_was_sent(client, invitation):
    older = token_for(invitation, Purpose.EMAILED)
    raise_generation(invitation.pk)

    response = client.get(f"/i/{older}")

    assert response.status_code == 410
    assert visible_text(response) == [
        "There's a newer email",
        "This link is from an older email and no longer works. Look in your inbox for the newest email about your "
        "invitation to Riverside, and open the link in it.",
        "Can't find it? Look in your spam folder too.",
        "Do you have an account with the invited email address? You'll find the invitation there, too.",
        "Sign in",
    ]
    assert load_proof(client.session, invitation.pk) is None


def test_an_older_link_takes_nothing_from_a_newer_one(client, invitation, open_link):
    older = token_for(invitation, Purpose.EMAILED)
    raise_generation(invitation.pk)
    invitation.refresh_from_db()
    open_link(invitation)

    client.get(f"/i/{older}")

    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 2, Purpose.EMAILED)


def test_a_listed_link_takes_nothing_from_an_emailed_one(client, invitation, open_link):
    open_link(invitation, Purpose.EMAILED)
    open_link(invitation, Purpose.LISTED)

    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 1, Purpose.EMAILED)


def test_the_older_link_of_an_ended_invitation_shows_how_it_ended(client, invitation, open_link):
    older = token_for(invitation, Purpose.EMAILED)
    raise_generation(invitation.pk)
    leave_pending(invitation.pk, "cancelled")

    response = client.get(f"/i/{older}", follow=True)

    assert response.status_code == 410
    assert visible_text(response)[0] == "This invitation has been withdrawn"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(client, invitation, method):
    with track_changes() as changes:
        response = getattr(client, method)(f"/i/{token_for(invitation, Purpose.EMAILED)}")

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert changes.nothing


def test_the_proofs_of_many_links_are_kept_and_the_oldest_forgotten(client, invitation, other_organization, stranger):
    others = [
        InvitationFactory.create(organization=other_organization, email=f"guest-{n}@example.com", inviter=stranger)
        for n in range(20)
    ]
    for opened in [invitation, *others]:
        client.get(f"/i/{token_for(opened, Purpose.EMAILED)}")

    assert load_proof(client.session, invitation.pk) is None
    assert all(load_proof(client.session, other.pk) for other in others)


def test_the_proof_does_not_open_another_invitation(
    client, invitation, other_organization, stranger, open_link, page_of
):
    other = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)
    open_link(invitation)

    assert visible_text(page_of(other))[0] == "Open your invitation"
