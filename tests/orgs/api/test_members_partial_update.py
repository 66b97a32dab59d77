"""PATCH /organization-members/{id}: change a member's role and direct permissions."""

import pytest

from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_EDITOR_ROLE,
    VIEWER_ROLE,
)
from tests.factories import RoleFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    LAST_OWNER,
    NO_MEMBER,
    NO_ORGANIZATION_YET,
    NOTHING_TO_CHANGE,
    UNKNOWN_ROLE,
    invalid,
    lacking,
    member_row,
    refused,
    role,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

MESSAGE = "Member updated successfully"


@pytest.fixture
def target(member, organization):
    return membership_of(member, organization)


def path(row):
    return f"{API}/organization-members/{getattr(row, 'pk', row)}"


def roles_changed(row, who, organization, role_id, permissions=()):
    return event(
        "membership.roles_changed",
        row,
        who,
        organization,
        user_id=row.user_id,
        role_id=role_id,
        permissions=list(permissions),
        unit_id=None,
        unit_role_id=None,
    )


def test_another_role(by, organization, admin, member, target):
    with track_changes() as changes:
        answer = said(by("admin").patch(path(target), {"roleId": str(EDITOR_ROLE)}))

    row = member_row(member, organization)
    assert row["role"] == role("editor")
    assert answer == success(MESSAGE, row)
    assert changes.tables == {"orgs.Membership": (0, 1, 0), "orgs.RoleAssignment": (0, 1, 0)}
    assert changes.events == [roles_changed(target, admin, organization, EDITOR_ROLE)]


def test_other_direct_permissions(by, organization, admin, member, target):
    with track_changes() as changes:
        answer = said(by("admin").patch(path(target), {"permissions": [MANAGE_MEMBERS, MANAGE_BILLING]}))

    row = member_row(member, organization)
    assert row["permissions"] == [MANAGE_BILLING, MANAGE_MEMBERS]
    assert answer == success(MESSAGE, row)
    assert changes.tables == {"orgs.Membership": (0, 1, 0)}
    assert changes.events == [roles_changed(target, admin, organization, VIEWER_ROLE, [MANAGE_BILLING, MANAGE_MEMBERS])]


def test_both_at_once_and_back(by, organization, member, target):
    before = member_row(member, organization)

    by("owner").patch(path(target), {"roleId": str(ADMIN_ROLE), "permissions": [MANAGE_BILLING]})
    answer = said(by("owner").patch(path(target), {"roleId": str(VIEWER_ROLE), "permissions": []}))

    assert answer == success(MESSAGE, before)


def test_callers_cannot_grant_permissions_they_lack(by, organization, manager, unassigned):
    row = membership_of(unassigned, organization)

    with track_changes() as changes:
        answer = said(by("manager").patch(path(row), {"roleId": str(EDITOR_ROLE), "permissions": [MANAGE_MEMBERS]}))

    assert answer == too_wide("organization:create_projects")
    assert changes.nothing


def test_an_admin_cannot_make_an_owner_of_a_member(by, organization, target):
    with track_changes() as changes:
        assert said(by("admin").patch(path(target), {"roleId": str(OWNER_ROLE)})) == too_wide("organization:own")

    assert changes.nothing


def test_members_with_more_permissions_cannot_be_demoted(by, organization, owner):
    with track_changes() as changes:
        answer = said(by("admin").patch(path(membership_of(owner, organization)), {"roleId": str(VIEWER_ROLE)}))

    assert answer == too_wide("organization:own")
    assert changes.nothing


def test_the_last_owner_cannot_be_changed(by, organization, owner):
    with track_changes() as changes:
        answer = said(by("owner").patch(path(membership_of(owner, organization)), {"roleId": str(ADMIN_ROLE)}))

    assert answer == LAST_OWNER
    assert changes.nothing


@pytest.mark.parametrize("which", ["absent", "of a unit", "of another organization"])
def test_errors_name_roles_that_cannot_be_used(by, organization, other_organization, target, which):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign")
    role_id = {"absent": ABSENT, "of a unit": UNIT_EDITOR_ROLE, "of another organization": foreign.pk}[which]

    with track_changes() as changes:
        assert said(by("owner").patch(path(target), {"roleId": str(role_id)})) == UNKNOWN_ROLE

    assert changes.nothing


@pytest.mark.parametrize("name", ["organization:own", "organization:fly", "unit:edit"])
def test_errors_name_permissions_that_cannot_be_granted(by, organization, target, name):
    with track_changes() as changes:
        assert said(by("owner").patch(path(target), {"permissions": [name]})) == refused(
            422,
            "unknown_permission",
            "There is no such permission to grant.",
            fields={"permissions": [f"Unknown: {name}."]},
        )

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, NOTHING_TO_CHANGE),
        ({"roleId": None}, invalid(roleId=["This field may not be null."])),
        ({"roleId": "viewer"}, invalid(roleId=["Must be a valid UUID."])),
        ({"permissions": "all"}, invalid(permissions=['Expected a list of items but got type "str".'])),
        ({"permissions": [1]}, invalid(**{"permissions.0": ["Not a valid string."]})),
        ({"units": []}, invalid(units=["This field is unknown."])),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, target, body, answer):
    with track_changes() as changes:
        assert said(by("owner").patch(path(target), body)) == answer

    assert changes.nothing


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        assert said(by("owner").patch(path(key), {"roleId": str(VIEWER_ROLE)})) == NO_MEMBER


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("anonymous", ANONYMOUS),
        ("invitee", NO_ORGANIZATION_YET),
        ("stranger", NO_MEMBER),
        ("member", lacking(MANAGE_MEMBERS)),
    ],
)
def test_callers_without_permission_are_refused(by, organization, other_organization, target, who, answer):
    client = by(who)

    with track_changes() as changes:
        assert said(client.patch(path(target), {"roleId": str(VIEWER_ROLE)})) == answer

    assert changes.nothing
