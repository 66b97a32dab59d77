"""Test PATCH /organizations/{id}/invitations/{invitationId}."""

from datetime import timedelta

import pytest
from django.utils import timezone

from invitations.email.models import Email
from invitations.models import Invitation
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    WAITS,
    caller,
    emailed_token,
    indistinguishable,
    invitation_in_state,
    mine,
    sent,
    sent_row,
    without_token,
)
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    OUTSIDER,
    UNKNOWN_ROLE,
    at,
    lacking,
    refused,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes

MESSAGE = "Invitation updated successfully"
CHANGED = {"invitations.Invitation": (0, 1, 0)}


def now(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def test_the_role_is_changed_and_all_else_stays(by, owner, organization, invitation):
    before = now(invitation)
    with track_changes() as changes:
        response = without_token(by("owner").patch(sent(invitation), {"roleId": str(EDITOR_ROLE)}))

    after = now(invitation)
    assert said(response) == success(MESSAGE, sent_row(invitation))
    assert (after.role_id, after.expires_at, after.generation) == (EDITOR_ROLE, before.expires_at, 1)
    assert changes.tables == CHANGED
    assert changes.events == [
        event(
            "invitation.updated",
            invitation,
            caller(owner),
            organization,
            lifetime_days=None,
            role_id=EDITOR_ROLE,
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        )
    ]


@pytest.mark.parametrize(
    ("body", "column", "value"),
    [
        ({"role": "admin"}, "role_id", ADMIN_ROLE),
        ({"permissions": [MANAGE_MEMBERS]}, "permissions", [MANAGE_MEMBERS]),
        ({"permissions": []}, "permissions", []),
        ({"unitRoleId": str(UNIT_VIEWER_ROLE)}, "unit_role_id", UNIT_VIEWER_ROLE),
    ],
)
def test_each_part_of_the_offer_can_be_changed(by, owner, workspace_invitation, body, column, value):
    Invitation.objects.filter(pk=workspace_invitation.pk).update(permissions=[LIST_PROJECTS])

    assert said(by("owner").patch(sent(workspace_invitation), body)) == success(MESSAGE, sent_row(workspace_invitation))
    assert getattr(now(workspace_invitation), column) == value


def test_the_expiry_restarts_and_can_become_earlier(by, owner, invitation):
    for days in (30, 1):
        by("owner").patch(sent(invitation), {"expiresInDays": days})
        left = now(invitation).expires_at - timezone.now()
        assert timedelta(days=days - 1) < left <= timedelta(days=days)


def test_nothing_is_emailed_and_the_link_stays_the_same(by, owner, invitation):
    token = emailed_token(invitation)

    by("owner").patch(sent(invitation), {"role": "editor", "expiresInDays": 5})

    assert not Email.objects.exists()
    data = by("anonymous").post(mine("lookup"), {"token": token}).json()["data"]
    assert (data["state"], data["role"]) == ("pending", "editor")


# The rights of the caller


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"role": "editor"}, [CREATE_PROJECTS]),
        ({"roleId": str(EDITOR_ROLE)}, [CREATE_PROJECTS]),
        ({"permissions": [CREATE_PROJECTS]}, [CREATE_PROJECTS]),
    ],
)
def test_nobody_raises_an_offer_above_what_they_hold(by, organization, manager, body, missing):
    invitation = InvitationFactory.create(organization=organization, email="new@example.com", inviter=manager)

    with track_changes() as changes:
        assert said(by("manager").patch(sent(invitation), body)) == too_wide(*missing)
    assert changes.nothing


@pytest.mark.parametrize("body", [{"role": "unassigned"}, {"permissions": []}, {"expiresInDays": 30}])
def test_nobody_touches_administrative_permissions_that_they_lack(by, organization, owner, manager, body):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, permissions=[MANAGE_BILLING]
    )

    with track_changes() as changes:
        assert said(by("manager").patch(sent(invitation), body)) == too_wide(MANAGE_BILLING)
    assert changes.nothing


def test_an_admin_makes_no_owner_of_a_pending_invitation(by, admin, organization):
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=admin, role_id=ADMIN_ROLE
    )

    assert said(by("admin").patch(sent(invitation), {"role": "owner"})) == too_wide("organization:own")
    assert now(invitation).role_id == ADMIN_ROLE


def test_the_caller_becomes_the_inviter_when_they_grant_more(by, owner, manager, organization):
    invitation = InvitationFactory.create(organization=organization, email="new@example.com", inviter=manager)

    data = by("owner").patch(sent(invitation), {"role": "owner"}).json()["data"]

    assert data["invitedBy"] == {"id": str(owner.pk), "name": owner.display_name}
    assert now(invitation).role_id == OWNER_ROLE


def test_the_inviter_stays_as_long_as_they_could_offer_it(by, owner, admin, organization):
    invitation = InvitationFactory.create(organization=organization, email="new@example.com", inviter=admin)

    by("owner").patch(sent(invitation), {"role": "editor"})

    assert now(invitation).inviter == admin


def test_a_unit_manager_edits_what_they_could_offer_in_the_unit(by, organization, unit_manager, workspace, owner):
    into = {"unit": workspace, "unit_role_id": UNIT_VIEWER_ROLE}
    invitation = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=unit_manager, **into
    )
    client = by("unit_manager")

    assert client.patch(sent(invitation), {"expiresInDays": 3}).status_code == 200
    assert said(client.patch(sent(invitation), {"unitRoleId": str(UNIT_EDITOR_ROLE)})) == too_wide("unit:edit")
    assert said(client.patch(sent(invitation), {"permissions": [ADMIN]}))[1]["error"]["code"] == "grant_too_wide"


# Roles and units of other organizations


def test_a_role_of_another_organization_is_unknown(by, owner, invitation, workspace_invitation, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Guide", permissions=[LIST_PROJECTS])
    guest = RoleFactory.create(organization=other_organization, name="Guest", permissions=["unit:view"], level="unit")
    unit_role = refused(
        422, "unknown_role", "This organization has no such role.", fields={"unitRoleId": ["Unknown role."]}
    )

    for role_id in (foreign.pk, ABSENT, UNIT_VIEWER_ROLE):
        assert said(by("owner").patch(sent(invitation), {"roleId": str(role_id)})) == UNKNOWN_ROLE
    for role_id in (guest.pk, ABSENT, VIEWER_ROLE):
        assert said(by("owner").patch(sent(workspace_invitation), {"unitRoleId": str(role_id)})) == unit_role


def test_a_role_in_a_unit_needs_a_unit(by, owner, invitation):
    message = "These values do not fit together."
    for field, role in (("unitRoleId", str(UNIT_VIEWER_ROLE)), ("unitRole", "viewer")):
        answer = said(by("owner").patch(sent(invitation), {field: role}))
        fields = {field: ["Give both a unit and a role in it, or neither."]}
        assert answer == refused(422, "unprocessable", message, fields=fields)


UNKNOWN = ["This field is unknown."]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"email": "other@example.com"}, {"email": UNKNOWN}),
        ({"unitId": ABSENT}, {"unitId": UNKNOWN}),
        ({"organizationId": ABSENT}, {"organizationId": UNKNOWN}),
        ({"state": "accepted"}, {"state": UNKNOWN}),
        ({"generation": 7, "role": "viewer"}, {"generation": UNKNOWN}),
        ({"force": True}, {"force": UNKNOWN}),
        ({"roleId": None}, {"roleId": ["This field may not be null."]}),
        ({"role": "viewer", "roleId": str(VIEWER_ROLE)}, {"role": ["Give either role or roleId."]}),
        ({"expiresInDays": 31}, {"expiresInDays": ["Ensure this value is less than or equal to 30."]}),
    ],
)
def test_every_faulty_field_is_named_and_nothing_is_written(by, owner, invitation, body, fields):
    with track_changes() as changes:
        answer = said(by("owner").patch(sent(invitation), body))

    assert answer == refused(400, "invalid", "Some fields are not valid.", fields=fields)
    assert changes.nothing


def test_a_change_of_nothing_is_refused(by, owner, invitation):
    assert said(by("owner").patch(sent(invitation), {})) == refused(
        400, "invalid", "Name at least one field to change."
    )


# Access


@pytest.mark.parametrize("state", ENDS)
def test_an_invitation_that_is_not_open_returns_its_state(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(by("owner").patch(sent(invitation), {"role": "viewer"})) == ENDS[state]
    assert changes.nothing


def test_an_acceptance_that_waits_for_a_seat_is_not_open_either(by, organization, owner):
    invitation = invitation_in_state(
        "processing", organization=organization, email="invitee@example.com", inviter=owner
    )

    assert said(by("owner").patch(sent(invitation), {"role": "viewer"})) == WAITS


def test_an_invitation_of_another_organization_is_like_none_at_all(by, organization, other_organization, stranger):
    foreign = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)

    answer = indistinguishable(
        lambda: by("owner").patch(at(organization, "invitations", foreign.pk), {"role": "owner"}),
        lambda: by("owner").patch(at(organization, "invitations", ABSENT), {"role": "owner"}),
    )

    assert answer == NO_INVITATION
    assert now(foreign).role_id == UNASSIGNED_ROLE


def test_outsiders_members_and_nobody(by, organization, invitation, other_organization):
    body = {"role": "viewer"}

    assert said(by("stranger").patch(sent(invitation), body)) == OUTSIDER
    assert said(by("anonymous").patch(sent(invitation), body)) == ANONYMOUS
    answer = indistinguishable(
        lambda: by("member").patch(sent(invitation), body),
        lambda: by("member").patch(at(organization, "invitations", ABSENT), body),
    )
    assert answer == lacking(MANAGE_MEMBERS)


def test_a_member_without_the_right_does_not_learn_its_state(by, organization, owner):
    declined = InvitationFactory.create(
        organization=organization, email="invitee@example.com", inviter=owner, declined=True
    )

    assert said(by("member").patch(sent(declined), {"role": "viewer"})) == lacking(MANAGE_MEMBERS)


def test_the_invitee_cannot_better_their_own_offer(by, organization, invitee, invitation, other_organization):
    MembershipFactory.create(organization=other_organization, user=invitee, role_id=ADMIN_ROLE)

    assert said(by("invitee").patch(sent(invitation), {"role": "owner"})) == OUTSIDER
    assert said(by("invitee").patch(at(other_organization, "invitations", invitation.pk), {"role": "owner"})) == (
        NO_INVITATION
    )
