"""GET /organizations/{id}/roles: the built-in roles and the organization's custom roles."""

import pytest

from orgs.models import Role
from orgs.permissions import BUILT_IN_ROLES
from tests.factories import RoleFactory
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid_query, listed, role_row, said
from tests.support.queries import assert_queries

MESSAGE = "Roles retrieved successfully"


@pytest.fixture
def own(organization):
    return RoleFactory.create(
        organization=organization, name="Helper", level="unit", permissions=["unit:edit", "unit:view"]
    )


@pytest.fixture
def foreign(other_organization):
    return RoleFactory.create(organization=other_organization, name="Foreign")


@pytest.mark.parametrize("who", ["owner", "admin", "member"])
def test_every_member_sees_built_in_and_custom_roles(by, organization, own, foreign, who):
    built_in = [Role.objects.get(pk=key) for key, _, _, _ in BUILT_IN_ROLES]

    assert said(by(who).get(at(organization, "roles"))) == listed(
        MESSAGE, [role_row(role) for role in [*built_in, own]]
    )


def test_roles_are_filtered_by_scope(by, organization, own):
    rows = by("member").get(at(organization, "roles"), {"scope": "unit"}).json()["data"]

    assert [(row["name"], row["builtIn"]) for row in rows] == [
        ("admin", True),
        ("editor", True),
        ("viewer", True),
        ("Helper", False),
    ]


def test_sorting_and_pages(by, organization):
    rows = by("member").get(at(organization, "roles"), {"sort": "name:desc", "limit": 2, "scope": "organization"})

    assert [row["name"] for row in rows.json()["data"]] == ["viewer", "unassigned"]
    assert rows.json()["pagination"] == {
        "page": 1,
        "limit": 2,
        "total": 5,
        "pages": 3,
        "hasNext": True,
        "hasPrev": False,
    }


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"scope": "galaxy"}, {"scope": ["One of these is expected: organization, unit."]}),
        ({"builtIn": "true"}, {"builtIn": ["This parameter is unknown."]}),
    ],
)
def test_errors_name_the_invalid_parameters(by, organization, query, fields):
    assert said(by("owner").get(at(organization, "roles"), query)) == invalid_query(**fields)


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    assert said(by(who).get(at(organization, "roles"))) == answer


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, organization, rows):
    for number in range(rows):
        RoleFactory.create(organization=organization, name=f"Role {number}")
    client = by("member")

    with assert_queries(organization="SELECT orgs_roleassignment", page="SELECT orgs_role"):
        assert len(client.get(at(organization, "roles"), {"limit": 100}).json()["data"]) == rows + len(BUILT_IN_ROLES)
