"""Test the sign-in page of an invitation."""

import pytest

from accounts.models import User
from invitations.actions.transitions import leave_pending
from invitations.models import Invitation
from invitations.pages.link_session import load_proof
from invitations.tokens import Proof, Purpose
from tests.factories import UserFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text
from tests.support.people import PASSWORD


@pytest.fixture
def invitee(db: None) -> User:
    return UserFactory.create(email="invitee@example.com", password=PASSWORD)


def path(invitation):
    return f"/invitations/{invitation.pk}/sign-in"


def sign_in(client, invitation, login="invitee@example.com", password=PASSWORD, **form):
    return client.post(path(invitation), {"login": login, "password": password, **form})


def test_the_page_has_the_invited_address_filled_in(client, invitation, open_link):
    open_link(invitation)

    response = client.get(path(invitation))

    assert response.status_code == 200
    assert response.context["form"]["login"].value() == "invitee@example.com"
    assert visible_text(response) == [
        "Invitation to Riverside",
        "Back to the invitation",
        "Sign in",
        "Email",
        "Password",
        "Forgot your password?",
        "Remember me",
        "Sign in",
        "No account yet?",
        "Create an account",
    ]


@pytest.mark.parametrize("elsewhere", ["", "https://evil.test/", "/accounts/email/"])
def test_it_leads_straight_back_to_the_invitation(client, invitation, invitee, open_link, elsewhere):
    open_link(invitation)

    response = sign_in(client, invitation, next=elsewhere)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert client.get(response["Location"]).status_code == 200


def test_the_session_gets_a_new_key_and_keeps_what_the_link_proved(client, invitation, open_link):
    UserFactory.create(email="stranger@example.com", password=PASSWORD)
    open_link(invitation)
    before = client.session.session_key

    response = sign_in(client, invitation, "stranger@example.com")

    assert response.status_code == 302
    assert client.session.session_key != before
    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 1, Purpose.EMAILED)
    assert client.get(f"/invitations/{invitation.pk}").status_code == 403


def test_signing_in_answers_nothing(client, invitation, invitee, open_link):
    open_link(invitation)

    sign_in(client, invitation)

    assert Invitation.objects.get().status == "pending"


@pytest.mark.parametrize("login", ["invitee@example.com", "nobody@example.com"])
def test_a_wrong_password_is_answered_alike_for_every_address(client, invitation, invitee, open_link, login):
    open_link(invitation)

    with track_changes() as changes:
        response = sign_in(client, invitation, login, "not the one")

    assert response.status_code == 200
    assert "The email address or password isn't correct." in visible_text(response)
    assert (changes.tables, [told.kind for told in changes.events]) == ({}, ["user.sign_in_failed"])


def test_signed_in_users_are_redirected_to_the_invitation(client, invitation, invitee):
    client.force_login(invitee)

    response = client.get(path(invitation))

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")


def test_an_ended_invitation_asks_for_no_password(client, invitation, open_link):
    open_link(invitation)
    leave_pending(invitation.pk, "cancelled")

    response = client.get(path(invitation))

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")


def test_without_the_link_the_page_leads_to_how_to_open_the_invitation(client, invitation, invitee):
    for response in (client.get(path(invitation)), sign_in(client, invitation)):
        assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert "_auth_user_id" not in client.session


def test_an_unverified_address_is_emailed_its_proof_first(client, invitation, open_link, mailoutbox, settings):
    UserFactory.create(email="invitee@example.com", password=PASSWORD, email_address=None)
    open_link(invitation)

    response = sign_in(client, invitation)
    [link] = [word for word in mailoutbox[0].body.split() if word.startswith(settings.PUBLIC_BASE_URL + "/accounts/")]
    confirmed = client.post(link.removeprefix(settings.PUBLIC_BASE_URL))

    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert (confirmed.status_code, confirmed["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert client.get(confirmed["Location"]).status_code == 200
