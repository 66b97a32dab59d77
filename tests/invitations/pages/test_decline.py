"""Test declining on the invitation page, with and without an account, and with and without a reason."""

import pytest

from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text

DECLINED = [
    "This invitation has been declined",
    "You haven't joined Riverside. We've told the person who invited you.",
    "Still want to join? Ask Owner Cast for a new invitation.",
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


def test_a_get_does_not_decline_and_leads_back(client, invitation, open_link):
    open_link(invitation)

    with track_changes() as changes:
        response = client.get(f"/invitations/{invitation.pk}/decline")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.nothing
