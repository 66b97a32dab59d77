"""Test the page of an invitation for visitors who have neither its link nor its address."""

import re
from uuid import uuid4

import pytest

from invitations.models import Invitation
from tests.factories import UserFactory
from tests.support.changes import track_changes
from tests.support.outbox import account_emails
from tests.support.pages import visible_text
from tests.support.people import PASSWORD
from tests.support.request_ids import headers_without_request_id

SIGNED_OUT = [
    "Open your invitation",
    "Open the link in the invitation email in this browser.",
    "Or sign in with the invited email address. We'll bring you right back here.",
    "Sign in",
    "No account yet?",
    "Create an account",
    "Did you open the link just now? Make sure your browser allows cookies, then open it again.",
]
SIGNED_IN = [
    "Open your invitation",
    "You're signed in as stranger@example.com. This account can't open an invitation here.",
    "Open the link in the invitation email in this browser, or switch to the account with the invited email address.",
    "Does this account have the invited address, but not verified? Verify it first: My email addresses",
    "Switch account",
    "My invitations",
    SIGNED_OUT[-1],
]
HERE = re.compile(r"/invitations/[0-9a-f-]{36}")
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def shown(response):
    """Return the status, the headers and the document, without the ids and the form's token."""
    document = CSRF.sub("", HERE.sub("/invitations/…", response.content.decode()))
    return response.status_code, {**headers_without_request_id(response), "Content-Length": ""}, document


def test_the_copied_address_says_how_to_open_the_invitation(invitation, page_of):
    response = page_of(invitation)

    assert (response.status_code, visible_text(response)) == (200, SIGNED_OUT)


@pytest.mark.parametrize("who", [None, "stranger"])
@pytest.mark.parametrize("state", ["pending", "cancelled", "archived"])
def test_the_page_is_the_same_for_unknown_ids(client, request, invitation, organization, page_of, who, state):
    if who:
        client.force_login(request.getfixturevalue(who))
    if state == "archived":
        type(organization).objects.update(deleted_at=organization.created_at)
    elif state == "cancelled":
        Invitation.objects.update(status=state, finished_at=invitation.created_at, language="de")
    with track_changes() as changes:
        known, unknown = shown(page_of(invitation)), shown(client.get(f"/invitations/{uuid4()}"))

    assert known == unknown
    assert changes.nothing
    for fact in ("Riverside", "invitee@example.com", "Owner", "Editor"):
        assert fact not in known[2]


def test_another_account_reads_how_to_switch(client, invitation, page_of, stranger):
    stranger.first_name = stranger.last_name = ""
    client.force_login(stranger)
    response = page_of(invitation)

    assert response.status_code == 200
    assert join_lines(visible_text(response)) == join_lines(SIGNED_IN)


def join_lines(lines):
    return " ".join(lines)


def test_a_link_preview_has_a_title_and_no_facts(client, invitation, page_of):
    response = page_of(invitation)
    document = response.content.decode()

    assert '<meta property="og:title" content="You have an invitation">' in document
    assert "<title>Open your invitation · " in document
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]


def test_signing_in_comes_back_and_the_verified_invitee_can_accept(client, invitation, page_of):
    UserFactory.create(email="invitee@example.com", password=PASSWORD)
    sign_in = follow(client, page_of(invitation), "/accounts/login/")
    form = {"login": "invitee@example.com", "password": PASSWORD, "next": sign_in.context["redirect_field_value"]}

    response = client.post("/accounts/login/", form, follow=True)

    assert response.redirect_chain == [(f"/invitations/{invitation.pk}", 302)]
    assert visible_text(response)[0] == "Join Riverside"
    assert client.post(f"/invitations/{invitation.pk}/accept").status_code == 302


def test_signing_up_comes_back_after_the_address_is_verified(client, invitation, page_of, settings):
    sign_up = follow(client, page_of(invitation), "/accounts/signup/")
    form = {"email": "invitee@example.com", "password1": PASSWORD, "next": sign_up.context["redirect_field_value"]}

    client.post("/accounts/signup/", form)
    [link] = [word for word in account_emails()[0].body.split() if "/confirm-email/" in word]
    response = client.post(link.removeprefix(settings.PUBLIC_BASE_URL), follow=True)

    assert response.redirect_chain[-1] == (f"/invitations/{invitation.pk}", 302)
    assert visible_text(response)[-1] == "You're signed in as invitee@example.com."


def test_switching_signs_out_and_leads_to_the_sign_in_that_comes_back(client, invitation, page_of, stranger):
    client.force_login(stranger)
    page = page_of(invitation).content.decode()
    [after] = re.findall(r'action="/accounts/logout/".+?name="next" value="([^"]+)"', page, re.DOTALL)

    response = client.post("/accounts/logout/", {"next": after})

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/invitations/{invitation.pk}")
    assert "_auth_user_id" not in client.session


def test_an_account_without_the_address_comes_back_to_the_same_page(client, invitation, page_of):
    UserFactory.create(email="stranger@example.com", password=PASSWORD)
    form = {"login": "stranger@example.com", "password": PASSWORD, "next": f"/invitations/{invitation.pk}"}

    response = client.post("/accounts/login/", form, follow=True)

    assert (response.status_code, visible_text(response)[0]) == (200, "Open your invitation")


@pytest.mark.parametrize("page", ["sign-in", "sign-up", "set-password", "accept", "decline", "add-address", "verify"])
def test_every_address_of_an_invitation_leads_to_its_page(client, invitation, page):
    for invitation_id in (invitation.pk, uuid4()):
        response = client.get(f"/invitations/{invitation_id}/{page}")
        assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation_id}")


def follow(client, page, path):
    """Open the page's link to this path."""
    [link] = re.findall(rf'href="({path}[^"]+)"', page.content.decode())
    return client.get(link)
