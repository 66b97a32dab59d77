"""GET /organizations/{id}/workspaces/{unitId} and …/applications/{unitId}."""

import pytest

from core.api.serializers import format_time
from orgs.models import Unit
from orgs.permissions import UNIT_VIEWER_ROLE
from tests.factories import RoleAssignmentFactory, UnitFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, NO_UNIT, OUTSIDER, at, said, success, unit_row
from tests.support.people import membership_of
from tests.support.queries import assert_queries

MESSAGE = "Unit retrieved successfully"


@pytest.mark.parametrize("who", ["owner", "admin", "member"])
def test_all_fields_are_shown(by, organization, kind, unit, who):
    Unit.objects.filter(pk=unit.pk).update(picture_url="https://example.com/unit.png")

    assert said(by(who).get(at(organization, kind, unit.pk))) == success(
        MESSAGE,
        {
            "id": str(unit.pk),
            "kind": unit.kind,
            "slug": unit.slug,
            "name": unit.name,
            "pictureUrl": "https://example.com/unit.png",
            "createdAt": format_time(unit.created_at),
            "updatedAt": format_time(unit.updated_at),
        },
    )


def test_members_without_a_role_in_it_do_not_find_it(by, organization, kind, unit, unassigned):
    assert said(by("unassigned").get(at(organization, kind, unit.pk))) == NO_UNIT

    RoleAssignmentFactory.create(
        membership=membership_of(unassigned, organization), unit=unit, role_id=UNIT_VIEWER_ROLE
    )

    assert said(by("unassigned").get(at(organization, kind, unit.pk))) == success(MESSAGE, unit_row(unit))


def test_foreign_and_unknown_units_and_units_of_the_other_kind_get_the_same_response(
    by, organization, other_organization, workspace, application
):
    foreign = UnitFactory.create(organization=other_organization, slug="foreign")
    client = by("member")

    for key in (foreign.pk, ABSENT, application.pk):
        with assert_queries(
            organization="SELECT orgs_roleassignment",
            unit="SELECT orgs_unit",
        ):
            assert said(client.get(at(organization, "workspaces", key))) == NO_UNIT


@pytest.mark.parametrize(("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER)])
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, unit, who, answer):
    assert said(by(who).get(at(organization, kind, unit.pk))) == answer
