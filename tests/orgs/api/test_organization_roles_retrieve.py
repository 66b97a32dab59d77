"""GET /organizations/{id}/roles/{roleId}: get a role."""

import pytest

from orgs.models import Role
from orgs.permissions import ADMIN_ROLE
from tests.factories import RoleFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, NO_ROLE, OUTSIDER, at, role_row, said, success
from tests.support.queries import assert_queries

MESSAGE = "Role retrieved successfully"


def test_all_fields_of_a_built_in_role_are_shown(by, organization):
    row = role_row(Role.objects.get(pk=ADMIN_ROLE))

    assert said(by("member").get(at(organization, "roles", ADMIN_ROLE))) == success(
        MESSAGE,
        {
            "id": str(ADMIN_ROLE),
            "name": "admin",
            "scope": "organization",
            "permissions": ["organization:admin"],
            "builtIn": True,
            "createdAt": row["createdAt"],
            "updatedAt": row["updatedAt"],
        },
    )


def test_a_custom_role_takes_two_queries(by, organization, manager):
    own = Role.objects.get(organization=organization)
    client = by("member")

    with assert_queries(organization="SELECT orgs_roleassignment", role="SELECT orgs_role"):
        answer = said(client.get(at(organization, "roles", own.pk)))

    assert answer == success(MESSAGE, role_row(own))


def test_foreign_and_unknown_ids_get_the_same_response(by, organization, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign")
    client = by("owner")

    for key in (foreign.pk, ABSENT):
        with assert_queries(organization="SELECT orgs_roleassignment", role="SELECT orgs_role"):
            assert said(client.get(at(organization, "roles", key))) == NO_ROLE


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    assert said(by(who).get(at(organization, "roles", ADMIN_ROLE))) == answer
