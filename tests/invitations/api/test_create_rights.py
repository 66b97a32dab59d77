"""Test who may invite and what they may grant, on both endpoints."""

import pytest

from accounts.principals import Method
from invitations.models import Invitation
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    CREATE_PROJECTS,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import MembershipFactory, RoleFactory
from tests.invitations.api.house import granted, indistinguishable
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, OUTSIDER, at, lacking, refused, said, too_wide
from tests.support.changes import track_changes

NEW = {"email": "new@example.com"}


def only():
    return Invitation.objects.get()


def test_nobody_gets_401(by, door):
    assert said(by("anonymous").post(door, NEW)) == ANONYMOUS


def test_a_foreign_organization_is_like_none_at_all(by, organization, other_organization):
    answer = indistinguishable(
        lambda: by("stranger").post(at(organization, "invitations"), NEW),
        lambda: by("stranger").post(f"{API}/organizations/{ABSENT}/invitations", NEW),
    )

    assert answer == OUTSIDER


def test_the_header_names_another_organization_and_a_foreign_one_is_unknown(
    by, owner, organization, other_organization
):
    MembershipFactory.create(organization=other_organization, user=owner, role_id=ADMIN_ROLE)
    client = by("owner")

    for named in (other_organization, organization):
        headers = {"X-Organization-Id": str(named.pk)}
        data = client.post(f"{API}/organization-members/invite", NEW, headers=headers).json()["data"]
        assert data["organizationId"] == str(named.pk)

    headers = {"X-Organization-Id": str(other_organization.pk)}
    assert said(by("member").post(f"{API}/organization-members/invite", NEW, headers=headers)) == OUTSIDER


def test_a_header_that_is_no_id_is_named(by, owner, organization):
    answer = said(by("owner").post(f"{API}/organization-members/invite", NEW, headers={"X-Organization-Id": "mine"}))

    fields = {"X-Organization-Id": ["A UUID is expected."]}
    assert answer == refused(400, "invalid_header", "Some headers are not valid.", fields=fields)


def test_who_belongs_nowhere_has_no_current_organization(by, invitee):
    message = "You do not belong to any organization yet."
    answer = said(by("invitee").post(f"{API}/organization-members/invite", NEW))

    assert answer == refused(409, "no_active_organization", message)


@pytest.mark.parametrize("body", [NEW, {**NEW, "roleId": ABSENT}, {**NEW, "unitId": ABSENT, "unitRoleId": ABSENT}])
def test_a_member_without_the_right_learns_nothing_but_that(by, door, member, body):
    with track_changes() as changes:
        assert said(by("member").post(door, body)) == lacking(MANAGE_MEMBERS)

    assert changes.nothing


def test_a_manager_grants_what_a_manager_holds(by, door, manager):
    assert by("manager").post(door, {**NEW, "permissions": [MANAGE_MEMBERS]}).status_code == 201


@pytest.mark.parametrize("unit_role_id", [None, UNIT_VIEWER_ROLE], ids=["organization", "unit"])
def test_who_manages_members_and_nothing_else_invites_viewers_and_no_editors(
    by, door, manager, workspace, unit_role_id
):
    into = {"unitId": str(workspace.pk), "unitRoleId": str(unit_role_id)} if unit_role_id else {}
    editor = {"unitRoleId": str(UNIT_EDITOR_ROLE)} if unit_role_id else {"role": "editor"}

    refusal = said(by("manager").post(door, {**NEW, **into, **editor}))
    assert refusal == too_wide("unit:edit" if unit_role_id else CREATE_PROJECTS)
    assert by("manager").post(door, {**NEW, **into, "role": "viewer"}).status_code == 201
    assert granted(only()) == (VIEWER_ROLE, [], workspace.pk if into else None, unit_role_id)


@pytest.mark.parametrize(
    ("offer", "missing"),
    [
        ({"role": "owner"}, None),
        ({"role": "admin"}, None),
        ({"role": "editor"}, [CREATE_PROJECTS]),
        ({"permissions": [CREATE_PROJECTS]}, [CREATE_PROJECTS]),
        ({"permissions": [ADMIN]}, None),
    ],
)
def test_nobody_grants_more_than_they_hold(by, door, manager, offer, missing):
    with track_changes() as changes:
        answer = said(by("manager").post(door, {**NEW, **offer}))

    assert answer[0] == 403
    assert answer == too_wide(*(missing or answer[1]["error"]["details"]["missingPermissions"]))
    assert changes.nothing


def test_only_an_owner_makes_an_owner(by, door, owner, admin):
    assert said(by("admin").post(door, {**NEW, "role": "owner"})) == too_wide("organization:own")
    assert by("owner").post(door, {**NEW, "role": "owner"}).status_code == 201


def test_a_key_grants_no_more_than_its_own_permissions(by, door, owner, organization):
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset({MANAGE_MEMBERS})}
    client = by("owner", **key)

    assert said(client.post(door, {**NEW, "role": "editor"})) == too_wide(CREATE_PROJECTS)
    assert client.post(door, NEW).status_code == 201


def test_a_key_without_the_permission_invites_nobody(by, door, owner, organization):
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset({LIST_PROJECTS})}

    assert said(by("owner", **key).post(door, NEW)) == lacking(MANAGE_MEMBERS)


def test_a_system_user_invites_like_anybody_who_may(by, door, system_user, organization):
    client = by("system_user", Method.API_KEY, organization_id=organization.pk)

    assert client.post(door, NEW).json()["data"]["invitedBy"] == {"id": str(system_user.pk), "name": "Robot"}


# Units


def test_a_unit_manager_invites_into_the_unit(by, door, unit_manager, workspace):
    unit_role = RoleFactory.create(
        organization=workspace.organization, name="Guest", permissions=["unit:view"], level="unit"
    )
    body = {**NEW, "unitId": str(workspace.pk), "unitRoleId": str(unit_role.pk)}

    assert by("unit_manager").post(door, body).status_code == 201
    assert granted(only()) == (UNASSIGNED_ROLE, [], workspace.pk, unit_role.pk)


def test_a_unit_manager_invites_nowhere_else(by, door, unit_manager, application):
    elsewhere = {"unitId": str(application.pk), "unitRoleId": str(UNIT_VIEWER_ROLE)}

    assert said(by("unit_manager").post(door, NEW)) == lacking(MANAGE_MEMBERS)
    assert said(by("unit_manager").post(door, {**NEW, **elsewhere})) == lacking(MANAGE_MEMBERS)


@pytest.mark.parametrize(
    ("offer", "missing"),
    [
        ({"unitRoleId": str(UNIT_EDITOR_ROLE)}, ["unit:edit"]),
        ({"unitRoleId": str(UNIT_ADMIN_ROLE)}, ["unit:admin", "unit:edit"]),
        ({"unitRoleId": str(UNIT_VIEWER_ROLE), "permissions": [MANAGE_MEMBERS]}, [MANAGE_MEMBERS, "unit:view"]),
    ],
)
def test_a_unit_manager_grants_no_more_than_they_hold_there(by, door, unit_manager, workspace, offer, missing):
    body = {**NEW, "unitId": str(workspace.pk), **offer}

    assert said(by("unit_manager").post(door, body)) == too_wide(*missing)
