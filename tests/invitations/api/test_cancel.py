"""Test DELETE /organizations/{id}/invitations/{invitationId}, and POST …/cancel, which also returns a body."""

import pytest

from accounts.principals import Method
from invitations.models import Invitation
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    caller,
    emailed_token,
    indistinguishable,
    invitation_in_state,
    mine,
    sent,
    sent_row,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, DONE, OUTSIDER, at, lacking, refused, said, success, too_wide
from tests.support.changes import event, track_changes
from tests.support.queries import assert_queries

CHANGED = {"invitations.Invitation": (0, 1, 0)}


class Cancel:
    """One of the two endpoints that cancel an invitation."""

    def __init__(self, method):
        self.answers = method == "POST"

    def __call__(self, client, path):
        return client.post(f"{path}/cancel") if self.answers else client.delete(path)


@pytest.fixture(params=["DELETE", "POST"])
def cancel(request):
    return Cancel(request.param)


def now(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def test_an_open_invitation_is_withdrawn(by, cancel, owner, organization, invitation):
    with track_changes() as changes:
        response = without_token(cancel(by("owner"), sent(invitation)))

    row = now(invitation)
    answered = success("Invitation cancelled successfully", sent_row(invitation))
    assert said(response) == (answered if cancel.answers else DONE)
    assert (row.status, row.finished_at is None, row.role_id) == ("cancelled", False, VIEWER_ROLE)
    assert changes.tables == CHANGED
    assert changes.events == [event("invitation.cancelled", invitation, caller(owner), organization)]


def test_it_stays_readable_and_its_link_says_what_happened(by, cancel, owner, invitation):
    token = emailed_token(invitation)

    cancel(by("owner"), sent(invitation))

    assert by("owner").get(sent(invitation)).json()["data"]["state"] == "cancelled"
    assert by("anonymous").post(mine("lookup"), {"token": token}).json()["data"]["state"] == "cancelled"


def test_a_second_time_says_that_it_was_withdrawn_and_changes_nothing(by, cancel, owner, invitation):
    cancel(by("owner"), sent(invitation))

    with track_changes() as changes:
        assert said(cancel(by("owner"), sent(invitation))) == ENDS["cancelled"]
    assert changes.nothing


def test_an_acceptance_that_waits_for_a_seat_can_be_withdrawn(by, cancel, owner, organization, invitee):
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)

    assert cancel(by("owner"), sent(waiting)).status_code in (200, 204)
    assert now(waiting).status == "cancelled"


@pytest.mark.parametrize("state", ENDS)
def test_an_ended_invitation_returns_its_state(by, cancel, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(cancel(by("owner"), sent(invitation))) == ENDS[state]
    assert changes.nothing


def test_a_manager_withdraws_an_editors_invitation_and_no_admins(by, cancel, owner, manager, organization):
    editor, admin = (
        InvitationFactory.create(
            organization=organization, email=f"{role_id}@example.com", inviter=owner, role_id=role_id
        )
        for role_id in (EDITOR_ROLE, ADMIN_ROLE)
    )

    assert cancel(by("manager"), sent(editor)).status_code in (200, 204)
    assert now(editor).status == "cancelled"
    with track_changes() as changes:
        answer = said(cancel(by("manager"), sent(admin)))
    assert (answer[0], answer[1]["error"]["code"]) == (403, "grant_too_wide")
    assert changes.nothing


def test_a_unit_manager_withdraws_what_they_could_offer(by, cancel, owner, unit_manager, organization, workspace):
    into = {"unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE}
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=VIEWER_ROLE, **into
    )

    assert cancel(by("unit_manager"), sent(invitation)).status_code in (200, 204)
    assert now(invitation).status == "cancelled"


@pytest.mark.parametrize(
    ("role_id", "unit_role_id", "missing"),
    [
        (UNASSIGNED_ROLE, UNIT_ADMIN_ROLE, ["unit:admin"]),
        (ADMIN_ROLE, UNIT_VIEWER_ROLE, None),
    ],
)
def test_a_unit_manager_withdraws_nothing_wider(
    by, cancel, owner, unit_manager, organization, workspace, role_id, unit_role_id, missing
):
    into = {"unit": workspace, "unit_role_id": unit_role_id}
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=role_id, **into
    )

    with track_changes() as changes:
        answer = said(cancel(by("unit_manager"), sent(invitation)))

    assert answer[0] == 403
    assert answer == too_wide(*(missing or answer[1]["error"]["details"]["missingPermissions"]))
    assert changes.nothing


def test_a_unit_manager_finds_no_other_invitation(by, cancel, unit_manager, organization, invitation):
    answer = indistinguishable(
        lambda: cancel(by("unit_manager"), sent(invitation)),
        lambda: cancel(by("unit_manager"), at(organization, "invitations", ABSENT)),
    )

    assert answer == NO_INVITATION
    assert now(invitation).status == "pending"


def test_an_invitation_of_another_organization_is_like_none_at_all(
    by, cancel, organization, other_organization, stranger
):
    foreign = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    answer = indistinguishable(
        lambda: cancel(by("owner"), at(organization, "invitations", foreign.pk)),
        lambda: cancel(by("owner"), at(organization, "invitations", ABSENT)),
    )

    assert answer == NO_INVITATION
    assert now(foreign).status == "pending"


def test_outsiders_members_and_nobody(by, cancel, organization, invitation, other_organization, invitee):
    assert said(cancel(by("stranger"), sent(invitation))) == OUTSIDER
    assert said(cancel(by("invitee"), sent(invitation))) == OUTSIDER
    assert said(cancel(by("anonymous"), sent(invitation))) == ANONYMOUS
    answer = indistinguishable(
        lambda: cancel(by("member"), sent(invitation)),
        lambda: cancel(by("member"), at(organization, "invitations", ABSENT)),
    )
    assert answer == lacking(MANAGE_MEMBERS)
    assert now(invitation).status == "pending"


def test_a_key_needs_the_permission(by, cancel, organization, invitation):
    key = {"method": Method.API_KEY, "organization_id": organization.pk}

    assert said(cancel(by("owner", permissions=frozenset({LIST_PROJECTS}), **key), sent(invitation))) == (
        lacking(MANAGE_MEMBERS)
    )
    assert cancel(by("owner", permissions=frozenset({MANAGE_MEMBERS}), **key), sent(invitation)).status_code in (
        200,
        204,
    )


def test_a_body_is_not_expected(by, owner, invitation):
    answer = said(by("owner").post(sent(invitation, "cancel"), {"reason": "none"}))

    fields = {"reason": ["This field is unknown."]}
    assert answer == refused(400, "invalid", "Some fields are not valid.", fields=fields)
    assert now(invitation).status == "pending"


@pytest.mark.parametrize("path", ["", "cancel"])
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_withdraws_nothing(by, owner, invitation, path, method):
    with track_changes() as changes:
        getattr(by("owner"), method)(sent(invitation, *filter(None, [path])))
    assert changes.nothing


def test_the_queries_are_these(by, owner, invitation):
    client = by("owner")

    with assert_queries(
        lock="SELECT orgs_organization",
        rights="SELECT orgs_roleassignment",
        row="SELECT invitations_invitation",
        answer="UPDATE invitations_invitation",
        event="INSERT events_event",
    ):
        client.delete(sent(invitation))
