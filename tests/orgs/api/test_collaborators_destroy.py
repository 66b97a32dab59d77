"""DELETE …/collaborators/{memberId}: remove the role in a unit; the membership stays."""

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


def test_the_role_there_ends(by, organization, admin, unit, target, path):
    with track_changes() as changes:
        assert said(by("admin").delete(path)) == DONE

    assert changes.tables == {"orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [event("membership.unit_role_removed", target, admin, organization, unit_id=unit.pk)]


def test_who_has_no_role_there_cannot_lose_it(by, organization, admin, kind, unit):
    address = at(organization, kind, unit.pk, "collaborators", membership_of(admin, organization).pk)

    with track_changes() as changes:
        assert said(by("owner").delete(address)) == refused(404, "member_not_found", "This member has no role there.")

    assert changes.nothing


def test_nobody_takes_from_who_holds_more_there(by, organization, manager, path):
    client = by("manager")

    with track_changes() as changes:
        assert said(client.delete(path)) == too_wide("unit:admin", "unit:edit", "unit:manage_members", "unit:view")

    assert changes.nothing


def test_a_foreign_and_an_absent_member_are_the_same(by, organization, other_organization, stranger, kind, unit):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, kind, unit.pk, "collaborators", key))) == NO_MEMBER
        assert changes.nothing


def test_an_absent_unit_and_one_of_the_other_kind_are_the_same(by, organization, member, workspace, application):
    row = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=row, unit=application, role_id=UNIT_VIEWER_ROLE)

    for key in (ABSENT, application.pk):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, "workspaces", key, "collaborators", row.pk))) == NO_UNIT
        assert changes.nothing


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_who_does_not_belong(by, other_organization, path, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(path)) == answer

    assert changes.nothing


def test_a_member_without_the_right_may_not(by, organization, editor, path):
    client = by("editor")

    with track_changes() as changes:
        assert said(client.delete(path)) == lacking(MANAGE_MEMBERS)

    assert changes.nothing
