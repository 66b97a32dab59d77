"""Test the `delivery` field of an organization's invitations, and the `delivery` filter."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from core.api.serializers import format_time
from invitations.actions.answering import accept
from invitations.actions.ending import fail
from invitations.actions.inviting import resend
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from tests.factories import InvitationFactory
from tests.invitations.api.house import sent
from tests.orgs.api.house import API, invalid_query, said
from tests.support.people import session_of
from tests.support.queries import assert_queries

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
UNSENT = ("scheduled", "queued", "sending", "deferred")
GONE_OUT = ("sent", "delivered", "bounced", "complained")


def emailed(invitation: Invitation, state: str = "queued", kind: str = "invitation", **values: Any) -> Email:
    """Create an email to the invitee, in this delivery state."""
    email = queue_email(invitation, Email.Kind(kind))
    assert email is not None
    values = {
        "state": state,
        "due_at": MOMENT if state in UNSENT else None,
        "sent_at": MOMENT if state in GONE_OUT else None,
        "lease_id": uuid4() if state == "sending" else None,
    } | values
    Email.objects.filter(pk=email.pk).update(updated_at=MOMENT, **values)
    return email


def delivery_of(client: Any, invitation: Invitation) -> Any:
    return client.get(sent(invitation)).json()["data"]["delivery"]


def found(client: Any, path: str, **query: str) -> list[str]:
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return sorted(row["email"].partition("@")[0] for row in response.json()["data"])


@pytest.mark.parametrize("state", Email.State.values)
def test_every_delivery_state_is_returned(by, invitation, state):
    emailed(invitation, state, attempts=2, response="250 2.0.0 Queued")

    assert delivery_of(by("owner"), invitation) == {
        "kind": "invitation",
        "state": state,
        "attempts": 2,
        # Withheld emails have no response, so the response to a sent email is hidden as well.
        "response": None if state == "sent" else "250 2.0.0 Queued",
        "sentAt": format_time(MOMENT) if state in GONE_OUT else None,
        "nextAttemptAt": format_time(MOMENT) if state in ("scheduled", "queued", "deferred") else None,
        "updatedAt": format_time(MOMENT),
    }


def test_what_no_server_said_is_null(by, invitation):
    emailed(invitation, "dropped", reason="The invitation is cancelled.")

    assert delivery_of(by("owner"), invitation)["response"] is None


def test_an_invitation_without_an_email_has_none(by, invitation):
    assert delivery_of(by("owner"), invitation) is None


def test_the_newest_email_to_the_invitee_counts(by, owner, organization, invitation):
    emailed(invitation, "bounced")
    resent = resend(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
    assert delivery_of(by("owner"), invitation)["state"] == "queued"

    Email.objects.filter(generation=2).update(state="sent", sent_at=MOMENT, due_at=None)
    emailed(resent, "deferred", "reminder")
    assert delivery_of(by("owner"), invitation)["kind"] == "reminder"

    Email.objects.filter(kind="reminder").update(state="delivered", sent_at=MOMENT, due_at=None)
    assert delivery_of(by("owner"), invitation)["state"] == "delivered"


def test_emails_to_the_inviter_are_no_delivery(by, invitee, invitation):
    accept(by=session_of(invitee), invitation_id=invitation.pk)

    assert Email.objects.get().kind == "answered"
    assert delivery_of(by("owner"), invitation) is None


def test_what_is_written_answers_with_it_too(by, organization, invitation):
    made = by("owner").post(f"{API}/organizations/{organization.pk}/invitations", {"email": "new@example.com"})
    again = by("owner").post(sent(invitation, "resend"))

    for response in (made, again):
        delivery = response.json()["data"]["delivery"]
        assert (delivery["kind"], delivery["state"], delivery["attempts"]) == ("invitation", "queued", 0)


def test_the_invitee_does_not_see_the_delivery(by, invitee, invitation):
    emailed(invitation, "deferred")

    assert "delivery" not in by("invitee").get(f"{API}/invitations/{invitation.pk}").json()["data"]


# The filter


@pytest.fixture
def of_every_delivery(organization, owner) -> dict[str, Invitation]:
    """Invitations: one for each email state, one that bounced and was sent again, and one without an email."""
    made = {
        state: InvitationFactory.create(organization=organization, email=f"{state}@example.com", inviter=owner)
        for state in Email.State.values
    }
    for state, invitation in made.items():
        emailed(invitation, state)
    again = InvitationFactory.create(organization=organization, email="again@example.com", inviter=owner)
    emailed(again, "bounced")
    resend(by=session_of(owner), organization_id=organization.pk, invitation_id=again.pk)
    return made | {
        "again": again,
        "none": InvitationFactory.create(organization=organization, email="none@example.com", inviter=owner),
    }


@pytest.mark.parametrize("state", Email.State.values)
def test_each_state_of_delivery_can_be_asked_for(by, path, of_every_delivery, state):
    expected = ["again", "queued"] if state == "queued" else [state]

    assert found(by("owner"), path, delivery=state) == expected


def test_what_is_no_longer_open_is_found_too_unless_a_state_is_asked_for(by, path, organization, owner):
    bounced = InvitationFactory.create(organization=organization, email="bounced@example.com", inviter=owner)
    emailed(bounced, "bounced")
    fail(invitation_id=bounced.pk, generation=1, reason="550")
    emailed(InvitationFactory.create(organization=organization, email="open@example.com", inviter=owner), "bounced")
    emailed(
        InvitationFactory.create(organization=organization, email="late@example.com", inviter=owner, overdue=True),
        "bounced",
    )

    assert found(by("owner"), path, delivery="bounced") == ["bounced", "late", "open"]
    assert found(by("owner"), path, delivery="bounced", state="error") == ["bounced"]
    assert found(by("owner"), path, delivery="bounced", state="pending") == ["open"]
    assert found(by("owner"), path) == ["open"]


def test_bounces_of_other_organizations_are_not_here(by, path, other_organization, stranger):
    emailed(
        InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger),
        "bounced",
    )

    assert found(by("owner"), path, delivery="bounced") == []


@pytest.mark.parametrize("state", ["lost", "bounced,failed", "", "BOUNCED"])
def test_anything_else_is_refused(by, path, state):
    words = ", ".join(state for state in Email.State.values if state != "dropped")

    answer = said(by("owner").get(path, {"delivery": state}))

    assert answer == invalid_query(delivery=[f"One of these is expected: {words}, dropped."])


@pytest.mark.parametrize("number", [1, 30])
def test_the_number_of_rows_and_emails_costs_no_query(by, path, organization, owner, number):
    for index in range(number):
        invitation = InvitationFactory.create(
            organization=organization, email=f"new-{index}@example.com", inviter=owner
        )
        emailed(invitation, "sent")
        emailed(invitation, "sent", "reminder")
    client = by("owner")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        ids="SELECT invitations_invitation",
        rows="SELECT invitations_invitation",
    ):
        response = client.get(path, {"limit": 30, "delivery": "sent"})

    assert [row["delivery"]["kind"] for row in response.json()["data"]] == ["reminder"] * number


def test_the_email_with_the_newest_link_counts(by, invitation):
    later = emailed(invitation, "sent")
    Email.objects.filter(pk=later.pk).update(generation=2)
    emailed(invitation, "bounced")

    assert delivery_of(by("owner"), invitation)["state"] == "sent"
