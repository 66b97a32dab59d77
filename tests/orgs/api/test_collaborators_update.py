"""PUT …/collaborators/{memberId}: assign a role in a workspace or an application."""

import pytest

from orgs.permissions import (
    EDITOR_ROLE,
    MANAGE_MEMBERS,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
)
from tests.factories import RoleAssignmentFactory, RoleFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    NO_MEMBER,
    NO_UNIT,
    OUTSIDER,
    UNKNOWN_ROLE,
    at,
    invalid,
    lacking,
    role,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

MESSAGE = "Collaborator updated successfully"


@pytest.fixture
def target(member, organization):
    return membership_of(member, organization)


@pytest.fixture
def path(organization, kind, unit, target):
    return at(organization, kind, unit.pk, "collaborators", target.pk)


def collaborator(target, member, role_name):
    return {
        "memberId": str(target.pk),
        "userId": str(member.pk),
        "name": "Member Cast",
        "email": "member@example.com",
        "role": role(role_name, "unit"),
    }


def test_a_member_gets_a_unit_role(by, organization, admin, member, unit, target, path):
    with track_changes() as changes:
        answer = said(by("admin").put(path, {"roleId": str(UNIT_EDITOR_ROLE)}))

    assert answer == success(MESSAGE, collaborator(target, member, "editor"))
    assert changes.tables == {"orgs.RoleAssignment": (1, 0, 0)}
    assert changes.events == [
        event(
            "membership.unit_role_assigned",
            target,
            admin,
            organization,
            unit_id=unit.pk,
            role_id=UNIT_EDITOR_ROLE,
        )
    ]


def test_another_role_replaces_it(by, unit, member, target, path):
    RoleAssignmentFactory.create(membership=target, unit=unit, role_id=UNIT_VIEWER_ROLE)

    with track_changes() as changes:
        answer = said(by("owner").put(path, {"roleId": str(UNIT_ADMIN_ROLE)}))

    assert answer == success(MESSAGE, collaborator(target, member, "admin"))
    assert changes.tables == {"orgs.RoleAssignment": (0, 1, 0)}


def test_managers_of_the_units_members_may(by, organization, unit, unassigned, path):
    RoleAssignmentFactory.create(membership=membership_of(unassigned, organization), unit=unit, role_id=UNIT_ADMIN_ROLE)

    assert said(by("unassigned").put(path, {"roleId": str(UNIT_VIEWER_ROLE)}))[0] == 200


def test_callers_cannot_grant_permissions_they_lack_in_the_unit(by, organization, manager, path):
    client = by("manager")

    with track_changes() as changes:
        assert said(client.put(path, {"roleId": str(UNIT_EDITOR_ROLE)})) == too_wide("unit:edit")

    assert changes.nothing


def test_errors_name_a_role_that_cannot_be_used(by, organization, other_organization, path):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign", level="unit")

    for key in (EDITOR_ROLE, foreign.pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").put(path, {"roleId": str(key)})) == UNKNOWN_ROLE
        assert changes.nothing


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger, kind, unit):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with track_changes() as changes:
            answer = said(
                by("owner").put(
                    at(organization, kind, unit.pk, "collaborators", key), {"roleId": str(UNIT_VIEWER_ROLE)}
                )
            )
        assert answer == NO_MEMBER
        assert changes.nothing


def test_unknown_units_and_units_of_the_other_kind_get_the_same_response(
    by, organization, workspace, application, target
):
    for key in (ABSENT, application.pk):
        with track_changes() as changes:
            answer = said(
                by("owner").put(
                    at(organization, "workspaces", key, "collaborators", target.pk),
                    {"roleId": str(UNIT_VIEWER_ROLE)},
                )
            )
        assert answer == NO_UNIT
        assert changes.nothing


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"roleId": ["This field is required."]}),
        ({"roleId": "editor"}, {"roleId": ["Must be a valid UUID."]}),
        ({"roleId": str(UNIT_VIEWER_ROLE), "memberId": ABSENT}, {"memberId": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_fields(by, path, body, fields):
    with track_changes() as changes:
        assert said(by("owner").put(path, body)) == invalid(**fields)

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, other_organization, path, who, answer):
    with track_changes() as changes:
        assert said(by(who).put(path, {"roleId": str(UNIT_VIEWER_ROLE)})) == answer

    assert changes.nothing
