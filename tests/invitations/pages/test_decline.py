"""Test declining on the invitation page, with and without an account, and with and without a reason."""

import pytest
from django.test import Client

from accounts.models import User
from invitations.actions.transitions import leave_pending
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text

DECLINED = [
    "This invitation has been declined",
    "You haven't joined Riverside. We've told the person who invited you.",
    "Still want to join? Ask Owner Cast for a new invitation.",
]

ASKED = [
    "Decline the invitation to Riverside?",
    "You can't undo this. To join later, you'll need a new invitation.",
    "We'll tell Owner Cast that you declined.",
    "Add a reason or unsubscribe (optional)",
    "Reason (optional)",
    "The person who invited you can read it.",
    "Future invitation emails",
    "Keep them",
    "Unsubscribe from this organization",
    "Unsubscribe from all organizations",
    "We won't tell anyone.",
    "Decline",
    "Back to the invitation",
]
UNSAFE = "This text has a character that can't be displayed. Please type the text instead of pasting it."


def decline(client, invitation, **form):
    return client.post(f"/invitations/{invitation.pk}/decline", form)


def test_the_invited_person_declines(client, invitation, invitee, page_of):
    client.force_login(invitee)

    with track_changes() as changes:
        response = decline(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.events == [event("invitation.declined", invitation, invitee, invitation.organization)]
    assert Email.objects.get().kind == "answered"
    assert (page_of(invitation).status_code, visible_text(page_of(invitation))) == (410, [*DECLINED, "My invitations"])


def test_the_emailed_link_alone_suffices(client, invitation, open_link, page_of):
    open_link(invitation)

    with track_changes() as changes:
        response = decline(client, invitation)

    assert response.status_code == 302
    [event] = changes.events
    assert (event.kind, event.by, event.method) == ("invitation.declined", None, "link")
    assert (page_of(invitation).status_code, visible_text(page_of(invitation))) == (
        410,
        [*DECLINED, "Home"],
    )


def test_the_listed_link_does_not(client, invitation, open_link):
    open_link(invitation, Purpose.LISTED)

    with track_changes() as changes:
        response = decline(client, invitation)

    assert response.status_code == 404
    assert changes.nothing


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("Too far away.", "Too far away."),
        ("  Two\r\nlines.  ", "Two\nlines."),
        ("é" * 500, "é" * 500),
        ("\r\n".join(["x" * 9] * 50), "\n".join(["x" * 9] * 50)),
    ],
)
def test_the_reason_is_kept(client, invitation, open_link, given, kept):
    open_link(invitation)

    decline(client, invitation, reason=given)

    assert Invitation.objects.get().decline_reason == kept


@pytest.mark.parametrize(
    ("reason", "complaint"),
    [
        ("x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
        ("No\u202eeY", UNSAFE),
        ("No\x00", UNSAFE),
    ],
)
def test_a_reason_that_cannot_be_kept_comes_back_with_what_is_wrong(client, invitation, open_link, reason, complaint):
    open_link(invitation)

    with track_changes() as changes:
        response = decline(client, invitation, reason=reason)

    assert response.status_code == 400
    assert complaint in visible_text(response)
    assert "<details open>" in response.content.decode()
    assert changes.nothing


def test_a_second_click_changes_nothing(client, invitation, open_link):
    open_link(invitation)
    decline(client, invitation, reason="No.")

    with track_changes() as changes:
        response = decline(client, invitation, reason="Still no.")

    assert response.status_code == 410
    assert visible_text(response) == [*DECLINED, "Home"]
    assert changes.nothing


def test_the_reason_is_not_shown_to_others_with_the_link(client, invitation, open_link, page_of):
    open_link(invitation)
    decline(client, invitation, reason="My reason.")

    assert "My reason." not in page_of(invitation).content.decode()


def ask(client, invitation):
    return client.get(f"/invitations/{invitation.pk}/decline")


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_declining_is_asked_first_with_what_it_means_and_who_is_told(
    client, invitation, invitee, open_link, is_signed_in
):
    client.force_login(invitee) if is_signed_in else open_link(invitation)

    with track_changes() as changes:
        response = ask(client, invitation)

    assert response.status_code == 200
    assert visible_text(response) == ASKED
    assert changes.nothing


def test_the_question_leads_back_to_the_invitation_and_only_its_form_declines(client, invitation, open_link):
    open_link(invitation)

    html = ask(client, invitation).content.decode()

    assert html.count(f'<a href="/invitations/{invitation.pk}">Back to the invitation</a>') == 1
    assert html.count(f'<form method="post" action="/invitations/{invitation.pk}/decline">') == 1


def test_declining_needs_the_token_of_the_form(invitation):
    browser = Client(enforce_csrf_checks=True)
    browser.get(f"/i/{token_for(invitation, Purpose.EMAILED)}")
    ask(browser, invitation)

    assert decline(browser, invitation).status_code == 403
    assert decline(browser, invitation, csrfmiddlewaretoken=browser.cookies["csrftoken"].value).status_code == 302


def test_an_inviter_without_a_name_is_told_and_one_without_an_account_is_not(client, invitation, open_link):
    open_link(invitation)
    Invitation.objects.update(inviter_name="")
    assert "We'll tell the person who invited you that you declined." in visible_text(ask(client, invitation))

    User.objects.filter(pk=invitation.inviter_id).update(email=None)
    assert not any("We'll tell" in line for line in visible_text(ask(client, invitation)))


def test_whoever_cannot_decline_is_led_to_the_page_that_says_why(client, invitation, stranger, open_link):
    page = f"/invitations/{invitation.pk}"
    assert ask(client, invitation)["Location"] == page

    open_link(invitation, Purpose.LISTED)
    assert ask(client, invitation)["Location"] == page

    client.force_login(stranger)
    open_link(invitation)
    assert ask(client, invitation)["Location"] == page

    client.logout()
    open_link(invitation)
    leave_pending(invitation.pk, "cancelled")
    assert ask(client, invitation)["Location"] == page
