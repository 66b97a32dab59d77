"""GET /organizations/{id}/workspaces and …/applications."""

import pytest

from accounts.principals import Method
from orgs.permissions import UNIT_VIEWER_ROLE
from tests.factories import RoleAssignmentFactory, UnitFactory
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid_query, listed, said, unit_row
from tests.support.people import membership_of
from tests.support.queries import assert_queries

MESSAGE = "Units retrieved successfully"


def second(organization, unit):
    return UnitFactory.create(organization=organization, kind=unit.kind, slug="archive")


@pytest.mark.parametrize("who", ["owner", "admin", "member", "editor", "manager"])
def test_members_who_may_list_projects_see_all_units_of_the_kind(by, organization, kind, unit, editor, manager, who):
    units = [unit, second(organization, unit)]

    assert said(by(who).get(at(organization, kind))) == listed(MESSAGE, [unit_row(row) for row in units])


def test_others_see_those_they_have_a_role_in(by, organization, kind, unit, unassigned):
    other = second(organization, unit)
    assert said(by("unassigned").get(at(organization, kind))) == listed(MESSAGE, [])

    RoleAssignmentFactory.create(
        membership=membership_of(unassigned, organization), unit=other, role_id=UNIT_VIEWER_ROLE
    )

    assert said(by("unassigned").get(at(organization, kind))) == listed(MESSAGE, [unit_row(other)])


def test_a_limited_key_sees_what_its_permissions_allow(by, organization, kind, unit, member):
    RoleAssignmentFactory.create(membership=membership_of(member, organization), unit=unit, role_id=UNIT_VIEWER_ROLE)
    second(organization, unit)

    def seen(*permissions):
        client = by(
            "member", method=Method.API_KEY, organization_id=organization.pk, permissions=frozenset(permissions)
        )
        return [row["slug"] for row in client.get(at(organization, kind)).json()["data"]]

    assert seen("organization:list_projects") == [unit.slug, "archive"]
    assert seen("unit:view") == [unit.slug]
    assert seen() == []


def test_sorting_and_pages(by, organization, kind, unit):
    second(organization, unit)

    answer = by("owner").get(at(organization, kind), {"sort": "name:asc", "limit": 1}).json()

    assert [row["name"] for row in answer["data"]] == ["Archive"]
    assert answer["pagination"] == {
        "page": 1,
        "limit": 1,
        "total": 2,
        "pages": 2,
        "hasNext": True,
        "hasPrev": False,
    }


def test_units_of_other_organizations_are_not_listed(by, organization, other_organization, kind, unit):
    assert said(by("stranger").get(at(other_organization, kind))) == listed(MESSAGE, [])


def test_errors_name_the_invalid_parameters(by, organization, kind):
    assert said(by("owner").get(at(organization, kind), {"slug": "x"})) == invalid_query(
        slug=["This parameter is unknown."]
    )


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, unit, who, answer):
    assert said(by(who).get(at(organization, kind))) == answer


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, organization, rows):
    for number in range(rows):
        UnitFactory.create(organization=organization, name="Unit", slug=f"unit-{number}")
    client = by("member")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        page="SELECT orgs_unit",
    ):
        assert len(client.get(at(organization, "workspaces"), {"limit": 100}).json()["data"]) == rows
