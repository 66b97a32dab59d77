"""Test POST /invitations/{id}/decline."""

import pytest

from invitations.email.models import Email
from invitations.models import Invitation
from tests.factories import EmailAddressFactory, InvitationFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    WAITS,
    caller,
    emailed_token,
    indistinguishable,
    invitation_in_state,
    mine,
    received_row,
    sent,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, invalid, said, success
from tests.support.changes import event, track_changes

MESSAGE = "Invitation declined successfully"


def decline(by, invitation, who="invitee", **body):
    return by(who).post(mine(invitation.pk, "decline"), body)


def now(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def test_declining_ends_it_and_notifies_the_inviter(by, owner, invitee, organization, invitation):
    with track_changes() as changes:
        response = without_token(decline(by, invitation))

    row, email = now(invitation), Email.objects.get()
    assert said(response) == success(MESSAGE, received_row(invitation, status="declined"))
    assert (row.status, row.answered_by, row.decline_reason) == ("declined", invitee, "")
    assert (email.kind, email.recipient) == ("answered", owner.email)
    assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
    assert changes.events == [event("invitation.declined", invitation, caller(invitee), organization)]


def test_the_organization_reads_the_reason(by, owner, invitee, invitation):
    decline(by, invitation, reason="No time.\r\nPerhaps\tnext year: ✿")

    data = by("owner").get(sent(invitation)).json()["data"]
    assert (data["state"], data["declineReason"]) == ("declined", "No time.\nPerhaps\tnext year: ✿")


@pytest.mark.parametrize("body", [{}, {"reason": ""}])
def test_the_reason_is_optional(by, owner, invitee, invitation, body):
    assert decline(by, invitation, **body).status_code == 200
    assert by("owner").get(sent(invitation)).json()["data"]["declineReason"] is None


def test_a_decline_is_final(by, invitee, invitation):
    decline(by, invitation)

    with track_changes() as changes:
        assert said(decline(by, invitation, reason="Really.")) == ENDS["declined"]
        assert said(by("invitee").post(mine(invitation.pk, "accept"))) == ENDS["declined"]
        body = {"token": emailed_token(invitation)}
        assert said(by("invitee").put("/api/v0/organization-members/join", body)) == ENDS["declined"]
    assert changes.nothing


@pytest.mark.parametrize("state", ENDS)
def test_an_invitation_that_is_not_open_returns_its_state(by, organization, owner, invitee, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(decline(by, invitation)) == ENDS[state]
    assert changes.nothing


def test_an_acceptance_that_waits_is_no_longer_declined(by, organization, owner, invitee):
    invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)

    assert said(decline(by, invitation)) == WAITS


@pytest.mark.parametrize("who", ["stranger", "owner", "member"])
def test_somebody_else_s_is_like_none_at_all(by, invitation, who):
    client = by(who)

    with track_changes() as changes:
        answer = indistinguishable(
            lambda: client.post(mine(invitation.pk, "decline"), {}),
            lambda: client.post(mine(ABSENT, "decline"), {}),
        )

    assert answer == NO_INVITATION
    assert changes.nothing


def test_an_address_must_be_proven(by, organization, owner, invitee):
    EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    assert said(decline(by, invitation)) == NO_INVITATION
    assert now(invitation).status == "pending"


def test_nobody_gets_401(by, invitation):
    assert said(decline(by, invitation, "anonymous")) == ANONYMOUS


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("x" * 501, "Ensure this field has no more than 500 characters."),
        ("x" * 499 + "\r\n", "Ensure this field has no more than 500 characters."),
        ("\u202egnorw", "The character U+202E at position 1 is not allowed here."),
        ("zero\u200bwidth", "The character U+200B at position 5 is not allowed here."),
        ("bell\u0007", "The character U+0007 at position 5 is not allowed here."),
        (None, "This field may not be null."),
        (["No"], "Not a valid string."),
    ],
)
def test_a_reason_is_plain_text(by, invitee, invitation, reason, message):
    with track_changes() as changes:
        assert said(decline(by, invitation, reason=reason)) == invalid(reason=[message])
    assert changes.nothing


def test_a_reason_is_returned_unchanged_and_escaped_on_pages(by, owner, invitee, invitation):
    decline(by, invitation, reason='<b>No</b> & "no"')

    assert by("owner").get(sent(invitation)).json()["data"]["declineReason"] == '<b>No</b> & "no"'


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_declines_nothing(by, invitee, invitation, method):
    with track_changes() as changes:
        assert getattr(by("invitee"), method)(mine(invitation.pk, "decline")).status_code == 405
    assert changes.nothing
