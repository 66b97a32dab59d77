"""Test GET /invitations: the list of the caller's open invitations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.principals import Method
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import MANAGE_MEMBERS
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, OrganizationFactory
from tests.invitations.api.house import backdate, invitation_in_state, mine, received_row, without_token
from tests.orgs.api.house import ANONYMOUS, invalid_query, listed, refused, said
from tests.support.changes import track_changes
from tests.support.queries import assert_queries

MESSAGE = "Invitations retrieved successfully"


def names(response):
    return [row["organization"]["name"] for row in response.json()["data"]]


def test_the_open_ones_are_listed_newest_first(by, invitee, invitation, workspace_invitation):
    backdate(invitation, days=1)
    Invitation.objects.filter(pk=invitation.pk).update(permissions=[MANAGE_MEMBERS])

    with track_changes() as changes:
        response = without_token(by("invitee").get(mine()))

    rows = response.json()["data"]
    assert said(response) == listed(MESSAGE, [received_row(workspace_invitation), received_row(invitation)])
    assert [list(row) for row in rows] == [list(received_row(invitation))] * 2
    assert rows[0]["unit"] == {"kind": "workspace", "name": "Design"}
    assert rows[0]["unitRole"] == "admin"
    assert changes.nothing


def test_everybody_sees_their_own(by, invitation, other_organization, stranger):
    theirs = InvitationFactory.create(organization=other_organization, email="owner@example.com", inviter=stranger)

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [received_row(invitation)])
    assert said(by("owner").get(mine())) == listed(MESSAGE, [received_row(theirs)])
    assert said(by("stranger").get(mine())) == listed(MESSAGE, [])


def test_every_verified_address_counts_and_no_other(by, invitee, organization, owner, invitation):
    EmailAddressFactory.create(user=invitee, email="second@example.com")
    EmailAddressFactory.create(user=invitee, email="third@example.com", verified=False)
    second = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)
    InvitationFactory.create(organization=organization, email="third@example.com", inviter=owner)

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [received_row(second), received_row(invitation)])


def test_without_a_verified_address_there_is_nothing_to_see(by, invitee, invitation):
    invitee.emailaddress_set.update(verified=False)

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [])


@pytest.mark.parametrize(
    "state", ["processing", "accepted", "declined", "cancelled", "superseded", "error", "expired", "overdue"]
)
def test_what_is_not_open_is_not_listed(by, state, organization, owner, invitee):
    invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [])


def test_an_archived_organization_invites_nobody(by, invitee, organization, invitation):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [])


def test_a_member_can_still_see_what_is_to_be_answered(by, invitee, organization, workspace_invitation):
    MembershipFactory.create(organization=organization, user=invitee)

    assert said(by("invitee").get(mine())) == listed(MESSAGE, [received_row(workspace_invitation)])


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "Gamma Alpha Beta"),
        ("invitedAt:asc", "Beta Alpha Gamma"),
        ("expiresAt:asc", "Beta Gamma Alpha"),
        ("expiresAt:desc", "Alpha Gamma Beta"),
        ("name:asc", "Alpha Beta Gamma"),
        ("name:desc", "Gamma Beta Alpha"),
    ],
)
def test_the_order_is_the_one_asked_for(by, invitee, owner, sort, expected):
    for name, days_ago, days_left in [("beta", 3, 7), ("alpha", 2, 9), ("gamma", 1, 8)]:
        organization = OrganizationFactory.create(slug=name, owners=[owner])
        backdate(
            InvitationFactory.create(
                organization=organization,
                email="invitee@example.com",
                inviter=owner,
                expires_in=timedelta(days=days_left),
            ),
            days=days_ago,
        )

    assert names(by("invitee").get(mine(), {"sort": sort} if sort else {})) == expected.split()


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limit=0", {"limit": ["A whole number from 1 to 100 is expected."]}),
        ("email=x", {"email": ["This parameter is unknown."]}),
        ("state=pending", {"state": ["This parameter is unknown."]}),
    ],
)
def test_anything_else_in_the_query_is_refused_by_name(by, invitee, query, fields):
    assert said(by("invitee").get(f"{mine()}?{query}")) == invalid_query(**fields)


def test_nobody_gets_401(by, invitation):
    assert said(by("anonymous").get(mine())) == ANONYMOUS


def test_a_system_user_is_refused(by, system_user, organization, invitation):
    answer = said(by("system_user", Method.API_KEY, organization_id=organization.pk).get(mine()))

    message = "This kind of credential is not accepted here."
    details = {"allowed": ["jwt", "oauth2", "session"]}
    assert answer == refused(403, "credential_not_allowed", message, details=details)


@pytest.mark.parametrize("number", [1, 30])
def test_the_number_of_rows_costs_no_query(by, invitee, owner, number):
    for index in range(number):
        InvitationFactory.create(
            organization=OrganizationFactory.create(slug=f"river-{index}", owners=[owner]),
            email="invitee@example.com",
            inviter=owner,
        )
    client = by("invitee")

    with assert_queries(rows="SELECT invitations_invitation"):
        response = client.get(mine(), {"limit": 30})

    assert len(response.json()["data"]) == number
