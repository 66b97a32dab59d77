"""GET /organization-members/{id}: one member of the current organization."""

import pytest

from orgs.permissions import UNIT_VIEWER_ROLE
from tests.factories import RoleAssignmentFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, NO_MEMBER, NO_ORGANIZATION_YET, member_row, role, said, success
from tests.support.people import membership_of
from tests.support.queries import assert_queries


def path(key):
    return f"{API}/organization-members/{key}"


@pytest.mark.parametrize("who", ["owner", "admin", "member"])
def test_every_member_sees_all_fields_of_a_member(by, organization, admin, application, who):
    row = membership_of(admin, organization)
    RoleAssignmentFactory.create(membership=row, unit=application, role_id=UNIT_VIEWER_ROLE)
    shop = {
        "id": str(application.pk),
        "kind": "application",
        "slug": "shop",
        "name": "Shop",
        "role": role("viewer", "unit"),
    }

    assert said(by(who).get(path(row.pk))) == success(
        "Member retrieved successfully", member_row(admin, organization, units=[shop])
    )


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger):
    client = by("owner")

    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with assert_queries(
            active="SELECT orgs_membership",
            organization="SELECT orgs_roleassignment",
            member="SELECT orgs_membership",
        ):
            assert said(client.get(path(key))) == NO_MEMBER


def test_members_of_other_organizations_are_not_found(by, organization, other_organization, member):
    assert said(by("stranger").get(path(membership_of(member, organization).pk))) == NO_MEMBER


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("invitee", NO_ORGANIZATION_YET)])
def test_non_members_are_refused(by, organization, member, who, answer):
    assert said(by(who).get(path(membership_of(member, organization).pk))) == answer


def test_it_takes_six_queries(by, organization, member):
    client, one = by("member"), path(membership_of(member, organization).pk)

    with assert_queries(
        active="SELECT orgs_membership",
        organization="SELECT orgs_roleassignment",
        member="SELECT orgs_membership",
        roles="SELECT orgs_roleassignment",
    ):
        client.get(one)
