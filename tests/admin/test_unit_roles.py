"""Test that staff change the role of a member in a workspace or application."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.principals import staff as principal_of_staff
from orgs.models import Membership, Organization, Unit
from orgs.permissions import UNIT_ADMIN_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.admin.test_admin import address_of
from tests.factories import RoleAssignmentFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.people import membership_of

CHANGE = "orgs.change_membership"


@pytest.fixture
def membership(organization: Organization, member: User) -> Membership:
    return membership_of(member, organization)


@pytest.fixture
def unit(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization, name="Press")


def chooses(pages: Client, membership: Membership, unit: Unit, role_id: Any) -> Any:
    return pages.post(address_of(membership, "do", "unit-role"), {"unit_id": unit.pk, "role_id": role_id})


def roles_in_units(membership: Membership) -> dict[Any, Any]:
    return dict(membership.assignments.exclude(unit=None).values_list("unit_id", "role_id"))


def test_a_role_is_given_replaced_and_removed(
    admin_pages: Client, staff_member: User, membership: Membership, unit: Unit
):
    by = principal_of_staff(staff_member, CHANGE)
    with track_changes() as changes:
        for role_id in (UNIT_EDITOR_ROLE, UNIT_ADMIN_ROLE):
            assert chooses(admin_pages, membership, unit, role_id).status_code == 302
            assert roles_in_units(membership) == {unit.pk: role_id}
        assert chooses(admin_pages, membership, unit, "").status_code == 302

    assert roles_in_units(membership) == {}
    kinds = ["membership.unit_role_assigned", "membership.unit_role_assigned", "membership.unit_role_removed"]
    assert [(e.kind, e.subject[1], e.by, e.method) for e in changes.events] == [
        (kind, membership.pk, by.actor_id, "staff") for kind in kinds
    ]


def test_what_the_action_refuses_is_shown_above_the_form(admin_pages: Client, membership: Membership, unit: Unit):
    foreign = UnitFactory.create()
    with track_changes() as changes:
        errors = [
            dict(chooses(admin_pages, membership, place, role).context["form"].errors)
            for place, role in ((unit, ""), (foreign, UNIT_EDITOR_ROLE), (unit, VIEWER_ROLE))
        ]

    unknown = ["Select a valid choice. That choice is not one of the available choices."]
    assert errors == [{"__all__": ["This member has no role there."]}, {"unit_id": unknown}, {"role_id": unknown}]
    assert changes.nothing


def test_the_button_needs_a_workspace_and_the_permission(
    admin_pages: Client, staff_with_permissions: Callable[..., Client], membership: Membership
):
    assert "do/unit-role" not in admin_pages.get(address_of(membership)).content.decode()
    unit = UnitFactory.create(organization=membership.organization)
    assert "do/unit-role" in admin_pages.get(address_of(membership)).content.decode()

    viewer = staff_with_permissions("view_membership", "delete_membership")
    assert "do/unit-role" not in viewer.get(address_of(membership)).content.decode()
    with track_changes() as changes:
        assert chooses(viewer, membership, unit, UNIT_ADMIN_ROLE).status_code == 403
    assert changes.nothing


def test_the_form_takes_a_fixed_number_of_queries(
    admin_pages: Client, membership: Membership, django_assert_max_num_queries: Any
):
    for unit in UnitFactory.create_batch(12, organization=membership.organization):
        RoleAssignmentFactory.create(membership=membership, unit=unit, role_id=UNIT_EDITOR_ROLE)
    with django_assert_max_num_queries(9):
        admin_pages.get(address_of(membership, "do", "unit-role"))
