"""Test the invitation page for an account that has not verified the invited address."""

import pytest

from invitations.tokens import Purpose
from tests.factories import EmailAddressFactory
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails
from tests.support.pages import visible_text
from tests.support.people import session_of

TOP = [
    "Verify your email address first",
    "Riverside invited invitee@example.com. Your account has this address, but it isn't verified yet.",
]
PAGE = [*TOP, "We'll email you a link. Open it to respond.", "Email me the link", "My email addresses"]
WITH_THE_EMAILED_LINK = [
    *TOP,
    "You opened the link in our email, so you can verify it right here.",
    "Verify this address",
    "My email addresses",
]


@pytest.fixture(autouse=True)
def _account_with_the_address(client, stranger):
    EmailAddressFactory.create(user=stranger, email="invitee@example.com", verified=False)
    client.force_login(stranger)


@pytest.mark.parametrize(("purpose", "page"), [(Purpose.LISTED, PAGE), (Purpose.EMAILED, WITH_THE_EMAILED_LINK)])
def test_the_page_asks_for_the_proof(invitation, open_link, purpose, page):
    response = open_link(invitation, purpose)

    assert response.status_code == 403
    assert visible_text(response) == page


def test_the_emailed_link_is_the_proof_and_no_second_email_is_needed(client, invitation, stranger, open_link, page_of):
    open_link(invitation)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/add-address")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.events == [event("user.address_proven", stranger, session_of(stranger))]
    assert visible_text(page_of(invitation))[0] == "Join Riverside"
    assert [message.to for message in account_emails()] == [["stranger@example.com"]]  # a security notice


@pytest.mark.parametrize("button", ["accept", "decline"])
def test_no_answer_is_taken(client, invitation, open_link, button):
    open_link(invitation, Purpose.LISTED)

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert response.status_code == 403
    assert visible_text(response) == PAGE
    assert changes.nothing


def test_the_proof_is_emailed_and_its_link_leads_to_the_answer(client, invitation, open_link, page_of, settings):
    open_link(invitation, Purpose.LISTED)

    response = client.post(f"/invitations/{invitation.pk}/verify")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert [message.to for message in account_emails()] == [["invitee@example.com"]]
    [link] = [
        word for word in account_emails()[0].body.split() if word.startswith(settings.PUBLIC_BASE_URL + "/accounts/")
    ]
    client.post(link.removeprefix(settings.PUBLIC_BASE_URL))
    assert page_of(invitation).status_code == 200


def test_a_second_email_within_minutes_is_not_sent_and_the_page_says_so(client, invitation, open_link, page_of):
    open_link(invitation, Purpose.LISTED)
    client.post(f"/invitations/{invitation.pk}/verify")
    page_of(invitation)

    client.post(f"/invitations/{invitation.pk}/verify")

    assert visible_text(page_of(invitation)) == [
        "We emailed invitee@example.com a moment ago. Please check your inbox.",
        *PAGE,
    ]
    assert len(account_emails()) == 1
