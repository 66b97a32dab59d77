"""Test the pages of buttons that have a form, with the role of a member as the example.

``test_oauth`` tests that an error of an action is shown at the field that it names.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.principals import staff as principal_of_staff
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, OWNER_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.admin.test_admin import address_of
from tests.factories import MembershipFactory, RoleFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of


@pytest.fixture
def membership(organization: Organization, member: User) -> Membership:
    return membership_of(member, organization)


def errors_after(pages: Client, row: Membership, **form: Any) -> dict[str, list[str]]:
    """Press the button of the form. Return the errors of the form that is shown again."""
    response = pages.post(address_of(row, "do", "role"), form)
    assert response.status_code == 200
    errors: dict[str, list[str]] = response.context["form"].errors
    return errors


def test_the_button_is_a_link_to_a_form_with_the_current_role(admin_pages: Client, membership: Membership):
    address = address_of(membership, "do", "role")
    page = admin_pages.get(address_of(membership)).content.decode()
    assert f'href="{address}">Change role…</a>' in page

    with track_changes() as changes:
        form = admin_pages.get(address).content.decode()

    assert f'<option value="{membership.organization_role.pk}" selected>' in form
    assert str(UNIT_EDITOR_ROLE) not in form
    assert changes.nothing


def test_the_form_only_offers_roles_of_the_organization(admin_pages: Client, membership: Membership):
    own = RoleFactory.create(organization=membership.organization, name="Press")
    foreign = RoleFactory.create(name="Foreign")

    form = admin_pages.get(address_of(membership, "do", "role")).content.decode()

    assert (str(own.pk) in form, str(foreign.pk) in form) == (True, False)
    assert errors_after(admin_pages, membership, role_id=foreign.pk) == {
        "role_id": ["Select a valid choice. That choice is not one of the available choices."]
    }


def test_the_role_is_changed_by_staff(admin_pages: Client, staff_member: User, membership: Membership):
    with track_changes() as changes:
        response = admin_pages.post(address_of(membership, "do", "role"), {"role_id": EDITOR_ROLE}, follow=True)

    assert response.redirect_chain == [(address_of(membership), 302)]
    assert [str(message) for message in response.context["messages"]] == ["Change role: done."]
    assert role_id_of(membership.user, membership.organization) == EDITOR_ROLE
    assert changes.events == [
        event(
            "membership.roles_changed",
            membership,
            principal_of_staff(staff_member, "orgs.change_membership"),
            membership.organization,
            user_id=membership.user_id,
            role_id=EDITOR_ROLE,
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        )
    ]


def test_the_last_owner_stays(admin_pages: Client, organization: Organization, owner: User):
    row = membership_of(owner, organization)
    with track_changes() as changes:
        response = admin_pages.post(address_of(row, "do", "role"), {"role_id": VIEWER_ROLE}, follow=True)

    assert [str(message) for message in response.context["messages"]] == ["“Change role” isn't possible now."]
    assert changes.nothing


def test_a_service_account_cannot_own(admin_pages: Client, organization: Organization):
    row = MembershipFactory.create(organization=organization, of_system_user=True)

    refusal = "Select a valid choice. That choice is not one of the available choices."
    assert errors_after(admin_pages, row, role_id=OWNER_ROLE) == {"role_id": [refusal]}


def test_the_form_needs_a_choice(admin_pages: Client, membership: Membership):
    assert errors_after(admin_pages, membership) == {"role_id": ["This field is required."]}


@pytest.mark.parametrize("permissions", [["view_membership"], ["delete_membership"], ["view_membership", "view_user"]])
def test_without_the_permission_there_is_no_button_and_no_form(
    staff_with_permissions: Callable[..., Client], membership: Membership, permissions: list[str]
):
    pages = staff_with_permissions(*permissions)

    assert "do/role" not in pages.get(address_of(membership)).content.decode()
    with track_changes() as changes:
        for method in (pages.get, pages.post):
            assert method(address_of(membership, "do", "role"), {"role_id": str(ADMIN_ROLE)}).status_code == 403
    assert changes.nothing


def test_other_methods_are_refused(admin_pages: Client, membership: Membership):
    assert admin_pages.put(address_of(membership, "do", "role")).status_code == 405


def test_a_form_takes_a_fixed_number_of_queries(
    admin_pages: Client, membership: Membership, django_assert_max_num_queries: Any
):
    RoleFactory.create_batch(30, organization=membership.organization)
    with django_assert_max_num_queries(9):
        admin_pages.get(address_of(membership, "do", "role"))
