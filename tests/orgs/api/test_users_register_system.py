"""POST /users/system: register a system user."""

import pytest

from accounts.models import User
from accounts.principals import Method
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    CREATE_PROJECTS,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import (
    ANONYMOUS,
    API,
    NO_ORGANIZATION_YET,
    OUTSIDER,
    UNKNOWN_ROLE,
    invalid,
    lacking,
    member_row,
    refused,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes

PATH = f"{API}/users/system"
ROBOT = {"name": "Nightly import", "roleId": str(VIEWER_ROLE)}


def test_it_is_a_member_without_an_address(by, organization, admin):
    with track_changes() as changes:
        answer = said(by("admin").post(PATH, {**ROBOT, "permissions": [CREATE_PROJECTS]}))

    system_user = User.objects.get(kind="system")
    membership = Membership.objects.get(user=system_user)
    assert answer == success(
        "System user registered successfully",
        member_row(system_user, organization)
        | {
            "kind": "system",
            "name": "Nightly import",
            "firstName": "Nightly import",
            "lastName": "",
            "email": None,
            "permissions": [CREATE_PROJECTS],
            "effectivePermissions": [CREATE_PROJECTS, LIST_PROJECTS],
        },
        201,
    )
    assert changes.tables == {
        "accounts.User": (1, 0, 0),
        "orgs.Membership": (1, 0, 0),
        "orgs.RoleAssignment": (1, 0, 0),
    }
    assert changes.events == [
        event("user.registered", system_user, admin, organization, user_kind="system"),
        event(
            "membership.created",
            membership,
            admin,
            organization,
            user_id=system_user.pk,
            role_id=VIEWER_ROLE,
            permissions=[CREATE_PROJECTS],
            unit_id=None,
            unit_role_id=None,
        ),
    ]


def test_a_key_may_register_one_too(by, organization):
    client = by("admin", method=Method.API_KEY, organization_id=organization.pk)

    assert said(client.post(PATH, ROBOT))[0] == 201


def test_the_header_names_the_organization(by, organization, owner):
    annex = OrganizationFactory.create(slug="annex")
    MembershipFactory.create(organization=annex, user=owner, role_id=OWNER_ROLE)

    by("owner").post(PATH, ROBOT, headers={"X-Organization-Id": str(annex.pk)})

    assert Membership.objects.get(user__kind="system").organization == annex


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"roleId": str(VIEWER_ROLE)}, invalid(name=["This field is required."])),
        ({"name": "Robot"}, invalid(roleId=["This field is required."])),
        (ROBOT | {"name": ""}, invalid(name=["This field may not be blank."])),
        (ROBOT | {"name": "Ro\u200bbot"}, invalid(name=["The character U+200B at position 3 is not allowed here."])),
        (ROBOT | {"roleId": "00000000-0000-7000-8000-000000000012"}, UNKNOWN_ROLE),
        (
            ROBOT | {"permissions": ["organization:own"]},
            refused(
                422,
                "unknown_permission",
                "There is no such permission to grant.",
                fields={"permissions": ["Unknown: organization:own."]},
            ),
        ),
        (ROBOT | {"email": "robot@example.com"}, invalid(email=["This field is unknown."])),
    ],
)
def test_input_that_is_refused(by, organization, body, answer):
    with track_changes() as changes:
        assert said(by("owner").post(PATH, body)) == answer

    assert changes.nothing


def test_a_system_user_cannot_be_an_owner(by, organization):
    with track_changes() as changes:
        assert said(by("owner").post(PATH, ROBOT | {"roleId": str(OWNER_ROLE)})) == refused(
            422, "owner_is_no_person", "Only a person can own an organization."
        )

    assert changes.nothing


def test_it_cannot_have_permissions_that_the_caller_lacks(by, organization, manager):
    with track_changes() as changes:
        assert said(by("manager").post(PATH, ROBOT | {"permissions": [MANAGE_BILLING]})) == too_wide(MANAGE_BILLING)
        status, body = said(by("manager").post(PATH, ROBOT | {"roleId": str(ADMIN_ROLE)}))

    assert (status, body["error"]["code"]) == (403, "grant_too_wide")
    assert ADMIN in body["error"]["details"]["missingPermissions"]
    assert changes.nothing


def test_it_takes_a_seat(by, organization):
    Organization.objects.update(seat_limit=3)

    with track_changes() as changes:
        status, body = said(by("owner").post(PATH, ROBOT))

    assert (status, body["error"]["code"]) == (409, "no_seat_left")
    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous", ANONYMOUS), ("stranger", NO_ORGANIZATION_YET), ("member", lacking(MANAGE_MEMBERS))],
)
def test_callers_without_permission_are_refused(by, organization, stranger, who, answer):
    with track_changes() as changes:
        assert said(by(who).post(PATH, ROBOT)) == answer

    assert changes.nothing


def test_a_stranger_cannot_name_the_organization(by, organization, stranger):
    assert said(by("stranger").post(PATH, ROBOT, headers={"X-Organization-Id": str(organization.pk)})) == OUTSIDER
