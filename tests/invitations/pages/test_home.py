"""Test `/`, the home page."""

from tests.support.pages import visible_text


def test_visitors_are_greeted(client, db):
    response = client.get("/")

    assert response.status_code == 200
    assert visible_text(response) == [
        "Welcome to PerfectWorks",
        "Have you been invited to an organization? Open the link in your email, or sign in to see your invitations.",
        "Sign in",
        "No account yet?",
        "Create an account",
    ]


def test_signed_in_users_are_redirected_to_their_invitations(client, invitee):
    client.force_login(invitee)

    response = client.get("/")

    assert (response.status_code, response["Location"]) == (302, "/invitations")
