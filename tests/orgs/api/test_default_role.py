"""Test the default role of an organization: who sets it, and which invitations have it."""

import pytest

from invitations.models import Invitation
from orgs.actions.organizations import purge_organization
from orgs.models import Organization, Role
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import RoleFactory
from tests.orgs.api.house import (
    ABSENT,
    API,
    DONE,
    at,
    invalid,
    lacking,
    organization_row,
    refused,
    role,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import session_of

NEW = {"email": "new@example.com"}
UPDATED = "Organization updated successfully"


@pytest.fixture
def helper(organization):
    return RoleFactory.create(organization=organization, name="Helper")


@pytest.fixture(params=["by path", "current"])
def door(request, organization):
    return at(organization, "invitations") if request.param == "by path" else f"{API}/organization-members/invite"


def unknown(field):
    return refused(422, "unknown_role", "This organization has no such role.", fields={field: ["Unknown role."]})


def now(organization):
    return Organization.objects.get(pk=organization.pk).default_role_id


def set_default(organization, role_id):
    Organization.objects.filter(pk=organization.pk).update(default_role_id=role_id)


# Setting it


@pytest.mark.parametrize("body", [{"defaultRoleId": str(VIEWER_ROLE)}, {"defaultRole": "VIEWER"}])
def test_admins_set_it_by_id_or_name(by, organization, admin, body):
    with track_changes() as changes:
        answer = said(by("admin").patch(at(organization), body))

    assert answer == success(UPDATED, organization_row(organization, role_name="admin", defaultRole=role("viewer")))
    facts = {"changed": ["default_role_id"], "default_role_id": str(VIEWER_ROLE)}
    assert changes.events == [event("organization.updated", organization, admin, organization, **facts)]
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}


def test_a_custom_role_can_be_the_default_and_null_ends_it(by, organization, helper):
    for body, shown in (
        ({"defaultRole": "helper"}, {"id": str(helper.pk), "name": "Helper"}),
        ({"defaultRoleId": None}, None),
    ):
        by("owner").patch(at(organization), body)
        assert by("member").get(at(organization)).json()["data"]["defaultRole"] == shown


def test_replacing_the_profile_without_it_keeps_it(by, organization):
    set_default(organization, VIEWER_ROLE)

    assert by("owner").put(at(organization), {"name": "Riverside"}).status_code == 200
    assert now(organization) == VIEWER_ROLE


def test_a_new_organization_can_start_with_it(by, stranger):
    data = by("stranger").post(f"{API}/organizations", {"name": "Hillside", "defaultRole": "viewer"}).json()["data"]

    assert data["defaultRole"] == role("viewer")


def test_only_roles_of_the_organization_can_be_the_default(by, organization, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign")

    with track_changes() as changes:
        for key in (ABSENT, foreign.pk, UNIT_VIEWER_ROLE):
            assert said(by("owner").patch(at(organization), {"defaultRoleId": str(key)})) == unknown("defaultRoleId")
        assert said(by("owner").patch(at(organization), {"defaultRole": "Foreign"})) == unknown("defaultRole")
    assert changes.nothing


@pytest.mark.parametrize("body", [{"defaultRoleId": str(OWNER_ROLE)}, {"defaultRole": "owner"}])
def test_nobody_becomes_an_owner_by_default(by, organization, body):
    with track_changes() as changes:
        status, answer = said(by("owner").patch(at(organization), body))

    assert (status, list(answer["error"]["fields"])) == (422, list(body))
    assert changes.nothing


@pytest.mark.parametrize("body", [{"defaultRole": None}, {"defaultRole": ""}, {"defaultRoleId": "viewer"}])
def test_what_is_no_role_is_refused(by, organization, body):
    status, answer = said(by("owner").patch(at(organization), body))

    assert (status, list(answer["error"]["fields"])) == (400, list(body))


def test_it_is_given_once(by, organization):
    body = {"defaultRole": "viewer", "defaultRoleId": None}

    assert said(by("owner").patch(at(organization), body)) == invalid(
        defaultRole=["Give either defaultRole or defaultRoleId."]
    )


def test_managers_of_members_do_not_set_it(by, organization, manager):
    with track_changes() as changes:
        assert said(by("manager").patch(at(organization), {"defaultRole": "viewer"})) == lacking(ADMIN)
    assert changes.nothing


# Inviting


def test_an_invitation_without_a_role_has_the_default(by, door, organization, owner):
    set_default(organization, EDITOR_ROLE)

    assert by("owner").post(door, NEW).json()["data"]["role"] == role("editor")
    assert by("owner").post(door, {"email": "second@example.com", "role": "viewer"}).json()["data"]["role"] == (
        role("viewer")
    )


def test_without_a_default_it_stays_unassigned(by, door, organization, owner):
    assert by("owner").post(door, NEW).json()["data"]["role"] == role("unassigned")


def test_the_default_grants_no_more_than_the_inviter_has(by, door, organization, manager):
    set_default(organization, EDITOR_ROLE)

    with track_changes() as changes:
        assert said(by("manager").post(door, NEW)) == too_wide(CREATE_PROJECTS)
    assert changes.nothing
    assert by("manager").post(door, NEW | {"role": "unassigned"}).status_code == 201


def test_an_edited_invitation_keeps_its_role(by, door, organization, owner):
    by("owner").post(door, NEW)
    set_default(organization, VIEWER_ROLE)

    invitation = Invitation.objects.get()
    by("owner").patch(at(organization, "invitations", invitation.pk), {"expiresInDays": 3})
    invitation.refresh_from_db()
    assert invitation.role_id == UNASSIGNED_ROLE


# Deleting the role or the organization


def test_the_default_role_is_deleted_only_with_a_successor_which_becomes_the_default(by, organization, helper):
    set_default(organization, helper.pk)
    path = at(organization, "roles", helper.pk)

    with track_changes() as changes:
        assert said(by("owner").delete(path))[1]["error"]["code"] == "role_in_use"
    assert changes.nothing
    assert said(by("owner").delete(f"{path}?reassignToRole=viewer")) == DONE
    assert now(organization) == VIEWER_ROLE


def test_deleting_another_role_keeps_the_default(by, organization, helper):
    set_default(organization, EDITOR_ROLE)

    assert said(by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignToRole=viewer")) == DONE
    assert now(organization) == EDITOR_ROLE


def test_an_organization_with_a_default_role_of_its_own_can_be_purged(organization, owner, helper):
    set_default(organization, helper.pk)

    purge_organization(by=session_of(owner), organization_id=organization.pk)

    assert not Organization.objects.filter(pk=organization.pk).exists()
    assert not Role.objects.filter(pk=helper.pk).exists()
