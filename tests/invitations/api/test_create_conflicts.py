"""Test which roles, units and addresses a new invitation may have, on both endpoints."""

import pytest

from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    LIST_PROJECTS,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import EmailAddressFactory, InvitationFactory, RoleFactory, UnitFactory
from tests.invitations.api.house import already_invited, sent_row
from tests.orgs.api.house import ABSENT, UNKNOWN_ROLE, invalid, refused, said, success
from tests.support.changes import track_changes

MESSAGE = "Invitation sent successfully"
NEW = {"email": "new@example.com"}
MEMBER = refused(409, "already_member", "This person is already a member.")
FULL = refused(409, "no_seat_left", "This organization has no seat left.", details={"seatLimit": 4})


def test_a_role_of_another_organization_is_unknown(by, door, owner, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Guide", permissions=[LIST_PROJECTS])

    for role_id in (foreign.pk, ABSENT, UNIT_VIEWER_ROLE):
        assert said(by("owner").post(door, {**NEW, "roleId": str(role_id)})) == UNKNOWN_ROLE
    assert not Invitation.objects.exists()


def test_a_unit_of_another_organization_is_unknown(by, door, owner, other_organization):
    foreign = UnitFactory.create(organization=other_organization)
    message = "This organization has no such workspace or application."
    unknown = refused(422, "unknown_unit", message, fields={"unitId": ["Unknown workspace or application."]})

    for unit_id in (foreign.pk, ABSENT):
        body = {**NEW, "unitId": str(unit_id), "unitRoleId": str(UNIT_VIEWER_ROLE)}
        assert said(by("owner").post(door, body)) == unknown
    assert not Invitation.objects.exists()


def test_a_unit_role_is_one_of_units_and_of_this_organization(by, door, owner, workspace, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Guest", permissions=["unit:view"], level="unit")
    message = "This organization has no such role."
    unknown = refused(422, "unknown_role", message, fields={"unitRoleId": ["Unknown role."]})

    for role_id in (foreign.pk, ABSENT, VIEWER_ROLE):
        body = {**NEW, "unitId": str(workspace.pk), "unitRoleId": str(role_id)}
        assert said(by("owner").post(door, body)) == unknown


@pytest.mark.parametrize("half", ["unitId", "unitRoleId"])
def test_a_unit_and_a_role_in_it_go_together(by, door, owner, workspace, half):
    whole = {"unitId": str(workspace.pk), "unitRoleId": str(UNIT_VIEWER_ROLE)}
    message = "These values do not fit together."
    fields = {"unitRoleId": ["Give both a unit and a role in it, or neither."]}

    answer = said(by("owner").post(door, {**NEW, half: whole[half]}))

    assert answer == refused(422, "unprocessable", message, fields=fields)


@pytest.mark.parametrize("permission", ["organization:own", "unit:admin", "organization:rule", ""])
def test_a_permission_that_nobody_can_give_directly_is_named(by, door, owner, permission):
    message = "There is no such permission to grant."
    answer = said(by("owner").post(door, {**NEW, "permissions": [permission]}))

    if permission:
        fields = {"permissions": [f"Unknown: {permission}."]}
        assert answer == refused(422, "unknown_permission", message, fields=fields)
    else:
        assert answer == refused(
            400, "invalid", "Some fields are not valid.", fields={"permissions.0": ["This field may not be blank."]}
        )


# Members and open invitations


@pytest.mark.parametrize("address", ["member@example.com", "MEMBER@example.com", "second@example.com"])
def test_a_member_is_not_invited_by_any_address_they_have_proven(by, door, owner, member, address):
    EmailAddressFactory.create(user=member, email="second@example.com")

    assert said(by("owner").post(door, {"email": address})) == MEMBER


def test_an_address_that_a_member_has_not_verified_can_be_invited(by, door, owner, member):
    EmailAddressFactory.create(user=member, email="second@example.com", verified=False)

    assert by("owner").post(door, {"email": "second@example.com"}).status_code == 201


def test_one_open_invitation_per_address_and_target(by, door, owner, workspace):
    there = {"unitId": str(workspace.pk), "unitRoleId": str(UNIT_VIEWER_ROLE)}

    assert by("owner").post(door, NEW).status_code == 201
    assert by("owner").post(door, {**NEW, **there}).status_code == 201
    to_organization, to_workspace = Invitation.objects.order_by("id")
    with track_changes() as changes:
        assert said(by("owner").post(door, {**NEW, "role": "viewer"})) == already_invited(to_organization)
        assert said(by("owner").post(door, {**NEW, **there})) == already_invited(to_workspace)
    assert changes.nothing


def test_force_supersedes_the_open_invitation(by, door, owner, organization):
    former = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=VIEWER_ROLE
    )

    answer = said(by("owner").post(door, {**NEW, "role": "editor", "force": True}))

    former.refresh_from_db()
    invitation = Invitation.objects.open().get()
    assert answer == success(MESSAGE, sent_row(invitation), status=201)
    assert (former.status, former.superseded_by) == ("cancelled", invitation)


@pytest.mark.parametrize("force", ["yes", "true", "on", 1, "", [True]])
def test_only_true_is_force(by, door, owner, organization, force):
    former = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=VIEWER_ROLE
    )

    with track_changes() as changes:
        answer = said(by("owner").post(door, {**NEW, "role": "editor", "force": force}))

    assert answer == invalid(force=["Must be a valid boolean."])
    assert changes.nothing
    assert Invitation.objects.open().get() == former


def test_nobody_supersedes_an_offer_they_could_not_make(by, door, owner, manager, organization):
    former = InvitationFactory.create(
        organization=organization, email="new@example.com", inviter=owner, role_id=ADMIN_ROLE
    )

    with track_changes() as changes:
        answer = said(by("manager").post(door, {**NEW, "force": True}))

    assert answer[1]["error"]["code"] == "grant_too_wide"
    assert changes.nothing
    assert Invitation.objects.open().get() == former


def test_an_overdue_invitation_does_not_block(by, door, owner, organization):
    former = InvitationFactory.create(organization=organization, email="new@example.com", inviter=owner, overdue=True)

    assert by("owner").post(door, NEW).status_code == 201
    former.refresh_from_db()
    assert (former.status, former.superseded_by) == ("expired", None)


@pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "error"])
def test_an_answered_invitation_does_not_block(by, door, owner, organization, status):
    InvitationFactory.create(organization=organization, email="new@example.com", inviter=owner, status=status)

    assert by("owner").post(door, NEW).status_code == 201


def test_members_and_open_invitations_take_the_seats(by, door, owner, organization):
    Organization.objects.filter(pk=organization.pk).update(seat_limit=4)

    assert by("owner").post(door, NEW).status_code == 201
    with track_changes() as changes:
        assert said(by("owner").post(door, {"email": "another@example.com"})) == FULL
    assert changes.nothing
