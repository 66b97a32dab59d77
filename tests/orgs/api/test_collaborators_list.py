"""GET …/workspaces/{unitId}/collaborators and …/applications/{unitId}/collaborators."""

import pytest

from accounts.models import User
from orgs.permissions import UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.factories import MembershipFactory, RoleAssignmentFactory, RoleFactory, UserFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, NO_UNIT, OUTSIDER, at, invalid_query, listed, role, said
from tests.support.people import membership_of
from tests.support.queries import assert_queries

MESSAGE = "Collaborators retrieved successfully"


def collaborate(user, organization, unit, role_id=UNIT_VIEWER_ROLE):
    return RoleAssignmentFactory.create(membership=membership_of(user, organization), unit=unit, role_id=role_id)


@pytest.mark.parametrize("who", ["owner", "member"])
def test_members_who_see_the_unit_see_its_collaborators(by, organization, admin, member, kind, unit, who):
    collaborate(member, organization, unit, UNIT_EDITOR_ROLE)
    collaborate(admin, organization, unit)

    assert said(by(who).get(at(organization, kind, unit.pk, "collaborators"))) == listed(
        MESSAGE,
        [
            {
                "memberId": str(membership_of(member, organization).pk),
                "userId": str(member.pk),
                "name": "Member Cast",
                "email": "member@example.com",
                "role": role("editor", "unit"),
            },
            {
                "memberId": str(membership_of(admin, organization).pk),
                "userId": str(admin.pk),
                "name": "Admin Cast",
                "email": "admin@example.com",
                "role": role("viewer", "unit"),
            },
        ],
    )


def test_a_role_without_permissions_shows_neither_the_unit_nor_its_addresses(
    by, organization, owner, unassigned, kind, unit
):
    empty = RoleFactory.create(organization=organization, level="unit")
    collaborate(owner, organization, unit)
    collaborate(unassigned, organization, unit, empty.pk)

    assert said(by("unassigned").get(at(organization, kind, unit.pk, "collaborators"))) == NO_UNIT
    rows = by("unassigned").get(f"{API}/organization-members").json()["data"]
    assert [row["email"] for row in rows] == [None, None, None, "unassigned@example.com"]


def test_collaborators_of_other_units_are_not_listed(by, organization, member, workspace, application):
    collaborate(member, organization, application)

    assert said(by("owner").get(at(organization, "workspaces", workspace.pk, "collaborators"))) == listed(MESSAGE, [])


def test_sorting_by_name(by, organization, admin, member, kind, unit):
    User.objects.filter(pk=member.pk).update(last_name="Adams")
    collaborate(admin, organization, unit)
    collaborate(member, organization, unit)

    rows = by("owner").get(at(organization, kind, unit.pk, "collaborators"), {"sort": "lastName:asc"}).json()["data"]

    assert [row["name"] for row in rows] == ["Member Adams", "Admin Cast"]


def test_members_who_cannot_see_the_unit_find_nothing(by, organization, kind, unit, unassigned):
    assert said(by("unassigned").get(at(organization, kind, unit.pk, "collaborators"))) == NO_UNIT


def test_unknown_units_and_units_of_the_other_kind_get_the_same_response(by, organization, workspace, application):
    for key in (ABSENT, application.pk):
        assert said(by("owner").get(at(organization, "workspaces", key, "collaborators"))) == NO_UNIT


def test_errors_name_the_invalid_parameters(by, organization, kind, unit):
    assert said(by("owner").get(at(organization, kind, unit.pk, "collaborators"), {"role": "x"})) == invalid_query(
        role=["This parameter is unknown."]
    )


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, unit, who, answer):
    assert said(by(who).get(at(organization, kind, unit.pk, "collaborators"))) == answer


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, organization, workspace, rows):
    for number in range(rows):
        user = UserFactory.create(email=f"colleague-{number}@example.com", email_address=None)
        one = MembershipFactory.create(organization=organization, user=user)
        RoleAssignmentFactory.create(membership=one, role_id=UNIT_VIEWER_ROLE, unit=workspace)
    client = by("member")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        unit="SELECT orgs_unit",
        page="SELECT orgs_roleassignment",
    ):
        answer = client.get(at(organization, "workspaces", workspace.pk, "collaborators"), {"limit": 100})
        assert len(answer.json()["data"]) == rows
