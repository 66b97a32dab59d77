"""Test GET /invitations/{id}: one of the caller's invitations, in any state."""

import pytest
from django.utils import timezone

from invitations.models import Invitation
from orgs.models import Organization
from tests.factories import EmailAddressFactory, InvitationFactory
from tests.invitations.api.house import (
    NO_INVITATION,
    indistinguishable,
    invitation_in_state,
    mine,
    received_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, said, success
from tests.support.changes import track_changes
from tests.support.queries import assert_queries

MESSAGE = "Invitation retrieved successfully"


def test_an_invitation_is_returned_completely(by, invitee, workspace_invitation):
    with track_changes() as changes:
        response = without_token(by("invitee").get(mine(workspace_invitation.pk)))

    assert said(response) == success(MESSAGE, received_row(workspace_invitation))
    assert list(response.json()["data"]) == list(received_row(workspace_invitation))
    assert changes.nothing


@pytest.mark.parametrize(
    "state", ["processing", "accepted", "declined", "cancelled", "superseded", "error", "expired", "overdue"]
)
def test_its_invitee_can_read_it_in_any_state(by, organization, owner, invitee, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)
    status = {"superseded": "cancelled", "overdue": "expired"}.get(state, state)

    assert said(by("invitee").get(mine(invitation.pk))) == success(MESSAGE, received_row(invitation, status=status))


def test_a_role_that_no_longer_exists_is_null(by, organization, owner, invitee):
    invitation = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, declined=True
    )
    Invitation.objects.filter(pk=invitation.pk).update(role=None)

    assert by("invitee").get(mine(invitation.pk)).json()["data"]["role"] is None


@pytest.mark.parametrize("who", ["stranger", "owner", "admin", "member"])
def test_somebody_else_s_is_like_none_at_all(by, invitation, who):
    client = by(who)

    answer = indistinguishable(lambda: client.get(mine(invitation.pk)), lambda: client.get(mine(ABSENT)))

    assert answer == NO_INVITATION


def test_an_address_not_proven_is_somebody_else_s(by, organization, owner, invitee):
    EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    answer = indistinguishable(
        lambda: by("invitee").get(mine(invitation.pk)),
        lambda: by("invitee").get(mine(ABSENT)),
    )

    assert answer == NO_INVITATION


def test_that_of_an_archived_organization_is_like_none_at_all(by, organization, invitee, invitation):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    answer = indistinguishable(
        lambda: by("invitee").get(mine(invitation.pk)),
        lambda: by("invitee").get(mine(ABSENT)),
    )

    assert answer == NO_INVITATION


def test_nobody_gets_401(by, invitation):
    assert said(by("anonymous").get(mine(invitation.pk))) == ANONYMOUS


def test_one_query_is_enough(by, invitee, workspace_invitation):
    client = by("invitee")

    with assert_queries(row="SELECT invitations_invitation"):
        client.get(mine(workspace_invitation.pk))
