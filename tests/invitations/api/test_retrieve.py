"""Test GET /organizations/{id}/invitations/{invitationId}."""

import pytest

from accounts.principals import Method
from invitations.models import Invitation
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS, UNIT_VIEWER_ROLE
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    NO_INVITATION,
    indistinguishable,
    invitation_in_state,
    moment,
    sent,
    sent_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, OUTSIDER, at, lacking, said, success
from tests.support.changes import track_changes
from tests.support.queries import assert_queries

MESSAGE = "Invitation retrieved successfully"


def test_an_invitation_is_returned_completely(by, invitation):
    with track_changes() as changes:
        response = without_token(by("owner").get(sent(invitation)))

    assert said(response) == success(MESSAGE, sent_row(invitation))
    assert list(response.json()["data"]) == list(sent_row(invitation))
    assert changes.nothing


def test_its_unit_and_unit_role_are_returned_too(by, workspace_invitation, workspace):
    data = by("owner").get(sent(workspace_invitation)).json()["data"]

    assert data == sent_row(workspace_invitation)
    assert data["unit"] == {"id": str(workspace.pk), "kind": "workspace", "slug": "design", "name": "Design"}
    assert data["unitRole"]["name"] == "admin"


@pytest.mark.parametrize(
    "state", ["processing", "accepted", "declined", "cancelled", "superseded", "error", "expired", "overdue"]
)
def test_ended_invitations_stay_readable(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)
    ended = {"state": "expired", "finishedAt": moment(invitation.expires_at)} if state == "overdue" else {}

    assert said(by("owner").get(sent(invitation))) == success(MESSAGE, sent_row(invitation, **ended))


def test_a_role_that_no_longer_exists_is_null(by, organization, owner):
    invitation = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, accepted=True
    )
    Invitation.objects.filter(pk=invitation.pk).update(role=None)

    assert by("owner").get(sent(invitation)).json()["data"]["role"] is None


def test_an_invitation_of_another_organization_is_like_none_at_all(by, organization, other_organization, stranger):
    foreign = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    answer = indistinguishable(
        lambda: by("owner").get(at(organization, "invitations", foreign.pk)),
        lambda: by("owner").get(at(organization, "invitations", ABSENT)),
    )

    assert answer == NO_INVITATION


def test_a_foreign_organization_is_like_none_at_all(by, invitation, other_organization):
    answer = indistinguishable(
        lambda: by("stranger").get(sent(invitation)),
        lambda: by("stranger").get(f"{API}/organizations/{ABSENT}/invitations/{invitation.pk}"),
        lambda: by("stranger").get(f"{API}/organizations/{ABSENT}/invitations/{ABSENT}"),
    )

    assert answer == OUTSIDER


def test_a_member_without_the_right_cannot_tell_whether_it_exists(by, organization, invitation):
    answer = indistinguishable(
        lambda: by("member").get(sent(invitation)),
        lambda: by("member").get(at(organization, "invitations", ABSENT)),
    )

    assert answer == lacking(MANAGE_MEMBERS)


def test_a_unit_manager_sees_what_leads_into_the_unit_and_nothing_else(
    by, organization, owner, unit_manager, application, invitation, workspace_invitation
):
    elsewhere = InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        unit=application,
        unit_role_id=UNIT_VIEWER_ROLE,
    )
    client = by("unit_manager")

    assert said(client.get(sent(workspace_invitation))) == success(MESSAGE, sent_row(workspace_invitation))
    answer = indistinguishable(
        lambda: client.get(sent(invitation)),
        lambda: client.get(sent(elsewhere)),
        lambda: client.get(at(organization, "invitations", ABSENT)),
    )
    assert answer == NO_INVITATION


def test_nobody_gets_401(by, invitation):
    assert said(by("anonymous").get(sent(invitation))) == ANONYMOUS


def test_a_key_without_the_permission_gets_403(by, organization, invitation):
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset({LIST_PROJECTS})}

    assert said(by("owner", **key).get(sent(invitation))) == lacking(MANAGE_MEMBERS)


@pytest.mark.parametrize("key", ["1", "x", "%00", "00000000-0000-0000-0000-00000000000g"])
def test_what_is_no_id_is_an_unknown_address_in_json(by, organization, key):
    response = by("owner").get(at(organization, "invitations", key))

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_the_queries_are_these(by, workspace_invitation):
    client = by("owner")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        row="SELECT invitations_invitation",
        delivery="SELECT invitations_email",
    ):
        client.get(sent(workspace_invitation))
