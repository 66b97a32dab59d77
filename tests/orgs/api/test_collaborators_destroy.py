"""DELETE …/collaborators/{memberId}: remove the role in a unit. The membership does not end."""

import pytest

from orgs.permissions import MANAGE_MEMBERS, UNIT_ADMIN_ROLE, UNIT_VIEWER_ROLE
from tests.factories import RoleAssignmentFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    DONE,
    NO_MEMBER,
    NO_UNIT,
    OUTSIDER,
    at,
    lacking,
    refused,
    said,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of


@pytest.fixture
def target(member, organization, unit):
    row = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=row, unit=unit, role_id=UNIT_ADMIN_ROLE)
    return row


@pytest.fixture
def path(organization, kind, unit, target):
    return at(organization, kind, unit.pk, "collaborators", target.pk)


def test_the_unit_role_is_removed(by, organization, admin, unit, target, path):
    with track_changes() as changes:
        assert said(by("admin").delete(path)) == DONE

    assert changes.tables == {"orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [event("membership.unit_role_removed", target, admin, organization, unit_id=unit.pk)]


def test_a_missing_unit_role_cannot_be_removed(by, organization, admin, kind, unit):
    address = at(organization, kind, unit.pk, "collaborators", membership_of(admin, organization).pk)

    with track_changes() as changes:
        assert said(by("owner").delete(address)) == refused(404, "member_not_found", "This member has no role there.")

    assert changes.nothing


def test_members_with_more_permissions_in_the_unit_are_protected(by, organization, manager, path):
    client = by("manager")

    with track_changes() as changes:
        assert said(client.delete(path)) == too_wide("unit:admin", "unit:edit", "unit:manage_members")

    assert changes.nothing


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger, kind, unit):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, kind, unit.pk, "collaborators", key))) == NO_MEMBER
        assert changes.nothing


def test_unknown_units_and_units_of_the_other_kind_get_the_same_response(
    by, organization, member, workspace, application
):
    row = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=row, unit=application, role_id=UNIT_VIEWER_ROLE)

    for key in (ABSENT, application.pk):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, "workspaces", key, "collaborators", row.pk))) == NO_UNIT
        assert changes.nothing


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_non_members_are_refused(by, other_organization, path, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(path)) == answer

    assert changes.nothing


def test_members_without_the_permission_are_refused(by, organization, editor, path):
    client = by("editor")

    with track_changes() as changes:
        assert said(client.delete(path)) == lacking(MANAGE_MEMBERS)

    assert changes.nothing
