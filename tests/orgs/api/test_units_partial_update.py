"""PATCH /organizations/{id}/workspaces/{unitId} and …/applications/{unitId}."""

import pytest

from orgs.permissions import UNIT_ADMIN, UNIT_ADMIN_ROLE
from tests.factories import RoleAssignmentFactory, UnitFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    NO_UNIT,
    NOTHING_TO_CHANGE,
    OUTSIDER,
    SLUG_TAKEN,
    at,
    invalid,
    lacking,
    said,
    success,
    unit_row,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

MESSAGE = "Unit updated successfully"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Studio"}, "name"),
        ({"slug": "studio"}, "slug"),
        ({"pictureUrl": "https://example.com/studio.png"}, "picture_url"),
    ],
)
def test_only_given_fields_change(by, organization, admin, kind, unit, change, field):
    before = unit_row(unit)

    with track_changes() as changes:
        answer = said(by("admin").patch(at(organization, kind, unit.pk), change))

    unit.refresh_from_db()
    assert answer == success(MESSAGE, before | change | {"updatedAt": unit_row(unit)["updatedAt"]})
    assert changes.tables == {"orgs.Unit": (0, 1, 0)}
    assert changes.events == [event("unit.updated", unit, admin, organization, changed=[field])]


def test_its_own_admin_may(by, organization, member, kind, unit):
    RoleAssignmentFactory.create(membership=membership_of(member, organization), unit=unit, role_id=UNIT_ADMIN_ROLE)

    assert said(by("member").patch(at(organization, kind, unit.pk), {"name": "Studio"}))[0] == 200


def test_a_taken_slug_is_a_conflict(by, organization, kind, unit):
    UnitFactory.create(organization=organization, kind=unit.kind, slug="archive")

    with track_changes() as changes:
        assert said(by("owner").patch(at(organization, kind, unit.pk), {"slug": "archive"})) == SLUG_TAKEN

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, NOTHING_TO_CHANGE),
        ({"name": ""}, invalid(name=["This field may not be blank."])),
        ({"kind": "workspace"}, invalid(kind=["This field is unknown."])),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, kind, unit, body, answer):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization, kind, unit.pk), body)) == answer

    assert changes.nothing


def test_foreign_and_unknown_units_and_units_of_the_other_kind_get_the_same_response(
    by, organization, other_organization, workspace, application
):
    foreign = UnitFactory.create(organization=other_organization, slug="foreign")

    for key in (foreign.pk, ABSENT, application.pk):
        with track_changes() as changes:
            assert said(by("owner").patch(at(organization, "workspaces", key), {"name": "Mine"})) == NO_UNIT
        assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(UNIT_ADMIN))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, unit, who, answer):
    with track_changes() as changes:
        assert said(by(who).patch(at(organization, kind, unit.pk), {"name": "Mine"})) == answer

    assert changes.nothing
