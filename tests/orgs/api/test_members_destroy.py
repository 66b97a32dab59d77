"""DELETE /organization-members/{id}: end a membership."""

import pytest

from accounts.models import User
from orgs.actions.accounts import register_system_user
from orgs.actions.api_keys import create_api_key
from orgs.models import ApiKey
from orgs.permissions import MANAGE_MEMBERS, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.factories import RoleAssignmentFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    DONE,
    LAST_OWNER,
    NO_MEMBER,
    NO_ORGANIZATION_YET,
    invalid,
    lacking,
    said,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of


def path(row):
    return f"{API}/organization-members/{getattr(row, 'pk', row)}"


def test_a_member_is_removed_with_roles_and_keys(by, organization, admin, member, workspace, principal):
    row = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=row, role_id=UNIT_EDITOR_ROLE, unit=workspace)
    create_api_key(by=principal(member), organization_id=organization.pk, name="Laptop")

    with track_changes() as changes:
        assert said(by("admin").delete(path(row))) == DONE

    assert changes.tables == {
        "orgs.Membership": (0, 0, 1),
        "orgs.RoleAssignment": (0, 0, 2),
        "orgs.ApiKey": (0, 0, 1),
    }
    assert changes.events == [event("membership.removed", row, admin, organization, user_id=member.pk)]


def test_a_system_user_is_deactivated_with_its_membership(by, organization, owner, principal):
    robot = register_system_user(
        by=principal(owner), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE
    )
    create_api_key(by=principal(owner), organization_id=organization.pk, name="Robot", membership_id=robot.pk)

    assert said(by("owner").delete(path(robot))) == DONE

    assert not User.objects.get(pk=robot.user_id).is_active
    assert not ApiKey.objects.exists()


def test_the_last_owner_cannot_leave(by, organization, owner):
    with track_changes() as changes:
        assert said(by("owner").delete(path(membership_of(owner, organization)))) == LAST_OWNER

    assert changes.nothing


def test_members_with_more_permissions_cannot_be_removed(by, organization, owner):
    with track_changes() as changes:
        assert said(by("admin").delete(path(membership_of(owner, organization)))) == too_wide("organization:own")

    assert changes.nothing


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").delete(path(key))) == NO_MEMBER
        assert changes.nothing


def test_a_body_is_refused(by, organization, member):
    with track_changes() as changes:
        answer = said(by("owner").delete(path(membership_of(member, organization)), {"reason": "x"}))

    assert answer == invalid(reason=["This field is unknown."])
    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("anonymous", ANONYMOUS),
        ("invitee", NO_ORGANIZATION_YET),
        ("stranger", NO_MEMBER),
        ("member", lacking(MANAGE_MEMBERS)),
    ],
)
def test_callers_without_permission_are_refused(by, organization, other_organization, admin, who, answer):
    client = by(who)

    with track_changes() as changes:
        assert said(client.delete(path(membership_of(admin, organization)))) == answer

    assert changes.nothing
