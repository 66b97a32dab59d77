"""PATCH /organizations/{id}/roles/{roleId}: change a role's name and permissions."""

import pytest

from orgs.permissions import ADMIN_ROLE, LIST_PROJECTS, MANAGE_BILLING, MANAGE_MEMBERS
from tests.factories import RoleFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    NO_ROLE,
    NOTHING_TO_CHANGE,
    OUTSIDER,
    at,
    invalid,
    lacking,
    refused,
    role_row,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes

MESSAGE = "Role updated successfully"
BUILT_IN = refused(409, "role_built_in", "A built-in role cannot be changed or deleted.")


@pytest.fixture
def helper(organization):
    return RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])


@pytest.mark.parametrize(
    ("change", "permissions"),
    [({"name": "Aide"}, [LIST_PROJECTS]), ({"permissions": [MANAGE_BILLING]}, [MANAGE_BILLING])],
)
def test_only_given_fields_change(by, organization, admin, helper, change, permissions):
    before = role_row(helper)

    with track_changes() as changes:
        answer = said(by("admin").patch(at(organization, "roles", helper.pk), change))

    helper.refresh_from_db()
    assert answer == success(MESSAGE, before | change | {"updatedAt": role_row(helper)["updatedAt"]})
    assert changes.tables == {"orgs.Role": (0, 1, 0)}
    assert changes.events == [event("role.updated", helper, admin, organization, permissions=permissions)]


def test_roles_with_more_permissions_cannot_be_changed(by, organization, manager):
    helper = RoleFactory.create(organization=organization, name="Helper", permissions=[MANAGE_BILLING])
    with track_changes() as changes:
        answers = [
            said(by("manager").patch(at(organization, "roles", helper.pk), {"name": "Aide"})),
            said(by("manager").patch(at(organization, "roles", helper.pk), {"permissions": [MANAGE_MEMBERS]})),
        ]

    assert answers == [too_wide(MANAGE_BILLING)] * 2
    assert changes.nothing


def test_built_in_roles_cannot_be_changed(by, organization):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization, "roles", ADMIN_ROLE), {"name": "Boss"})) == BUILT_IN

    assert changes.nothing


def test_a_taken_name_is_a_conflict(by, organization, helper, manager):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization, "roles", helper.pk), {"name": "Manager"})) == refused(
            409, "role_name_taken", "There is a role of this name."
        )

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, NOTHING_TO_CHANGE),
        ({"name": None}, invalid(name=["This field may not be null."])),
        ({"scope": "unit"}, invalid(scope=["This field is unknown."])),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, helper, body, answer):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization, "roles", helper.pk), body)) == answer

    assert changes.nothing


def test_foreign_and_unknown_ids_get_the_same_response(by, organization, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign")

    for key in (foreign.pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").patch(at(organization, "roles", key), {"name": "Mine"})) == NO_ROLE
        assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, helper, who, answer):
    with track_changes() as changes:
        assert said(by(who).patch(at(organization, "roles", helper.pk), {"name": "Mine"})) == answer

    assert changes.nothing
