"""POST /organizations/{id}/roles: create a custom role."""

import pytest

from orgs.models import Role
from orgs.permissions import CREATE_PROJECTS, LIST_PROJECTS, MANAGE_MEMBERS
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid, lacking, refused, role_row, said, success, too_wide
from tests.support.changes import event, track_changes

MESSAGE = "Role created successfully"
NAME_TAKEN = refused(409, "role_name_taken", "There is a role of this name.")


def test_a_role_with_permissions_of_the_caller(by, organization, admin):
    with track_changes() as changes:
        answer = said(
            by("admin").post(
                at(organization, "roles"), {"name": "Helper", "permissions": [MANAGE_MEMBERS, LIST_PROJECTS]}
            )
        )

    role = Role.objects.get(organization=organization)
    row = role_row(role)
    assert row == {
        "id": str(role.pk),
        "name": "Helper",
        "scope": "organization",
        "permissions": ["organization:list_projects", "organization:manage_members"],
        "builtIn": False,
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
    }
    assert answer == success(MESSAGE, row, status=201)
    assert changes.tables == {"orgs.Role": (1, 0, 0)}
    assert changes.events == [event("role.created", role, admin, organization, permissions=row["permissions"])]


def test_a_role_for_workspaces_and_applications(by, organization):
    body = {"name": "Helper", "scope": "unit", "permissions": ["unit:edit", "unit:edit"]}

    answer = said(by("owner").post(at(organization, "roles"), body))

    role = Role.objects.get(organization=organization)
    assert (role.level, role.permissions) == ("unit", ["unit:edit"])
    assert answer == success(MESSAGE, role_row(role), status=201)


def test_a_role_cannot_have_permissions_that_the_caller_lacks(by, organization, manager):
    body = {"name": "Helper", "permissions": [CREATE_PROJECTS]}

    with track_changes() as changes:
        assert said(by("manager").post(at(organization, "roles"), body)) == too_wide(CREATE_PROJECTS)

    assert changes.nothing


@pytest.mark.parametrize("name", ["owner", "Admin", "Manager"])
def test_a_taken_name_is_refused(by, organization, manager, name):
    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "roles"), {"name": name, "permissions": []})) == NAME_TAKEN

    assert changes.nothing


def test_another_organization_may_use_the_name(by, organization, other_organization, manager):
    assert (
        by("stranger").post(at(other_organization, "roles"), {"name": "Manager", "permissions": []}).status_code == 201
    )


@pytest.mark.parametrize(
    ("scope", "permission"),
    [("organization", "organization:own"), ("organization", "unit:view"), ("unit", LIST_PROJECTS), ("unit", "fly")],
)
def test_errors_name_permissions_of_the_wrong_level(by, organization, scope, permission):
    body = {"name": "Helper", "scope": scope, "permissions": [permission]}

    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "roles"), body)) == refused(
            422,
            "unknown_permission",
            "There is no such permission to grant.",
            fields={"permissions": [f"Unknown: {permission}."]},
        )

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": ["This field is required."], "permissions": ["This field is required."]}),
        ({"name": "x" * 65, "permissions": []}, {"name": ["Ensure this field has no more than 64 characters."]}),
        ({"name": "A\nB", "permissions": []}, {"name": ["The character U+000A at position 2 is not allowed here."]}),
        (
            {"name": "Helper", "permissions": [], "scope": "galaxy"},
            {"scope": ["One of these is expected: organization, unit."]},
        ),
        ({"name": "Helper", "permissions": [], "builtIn": True}, {"builtIn": ["This field is unknown."]}),
        (
            {"name": "Helper", "permissions": ["x"] * 12},
            {"permissions": ["Name no more than 11 permissions."]},
        ),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "roles"), body)) == invalid(**fields)

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).post(at(organization, "roles"), {"name": "Helper", "permissions": []})) == answer

    assert changes.nothing
