"""POST /organizations/{id}/leave: end the caller's membership."""

import pytest

from accounts.principals import Method
from orgs.permissions import OWNER_ROLE
from tests.orgs.api.house import ANONYMOUS, DONE, LAST_OWNER, OUTSIDER, at, said
from tests.support.changes import event, track_changes
from tests.support.people import membership_of


def test_a_member_needs_no_permission_to_leave(by, organization, member):
    left = membership_of(member, organization)

    with track_changes() as changes:
        assert said(by("member").post(at(organization, "leave"))) == DONE

    assert changes.tables == {"orgs.Membership": (0, 0, 1), "orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [event("membership.left", left, member, organization, user_id=member.pk)]
    assert said(by("member").get(at(organization))) == OUTSIDER


def test_the_last_owner_cannot_leave(by, organization):
    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "leave"))) == LAST_OWNER

    assert changes.nothing


def test_one_of_two_owners_can_leave(by, organization, admin):
    membership_of(admin, organization).assignments.update(role=OWNER_ROLE)

    assert said(by("owner").post(at(organization, "leave"))) == DONE


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_a_non_member_cannot_leave(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).post(at(organization, "leave"))) == answer

    assert changes.nothing


def test_a_system_user_cannot_leave(by, organization):
    with track_changes() as changes:
        status, body = said(by("member", method=Method.API_KEY).post(at(organization, "leave")))

    assert (status, body["error"]["code"]) == (403, "credential_not_allowed")
    assert changes.nothing
