"""Staff do nothing in the admin to their own account and membership, and make no deactivated person an owner."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.principals import Principal, staff
from orgs.actions.account_rights import OwnAccount
from orgs.actions.accounts import deactivate_account, delete_account, purge_account
from orgs.actions.members import OwnerIsInactive, add_member, change_member_roles
from orgs.actions.units import assign_unit_role, remove_unit_role
from orgs.models import Membership, Organization
from orgs.permissions import OWNER_ROLE, UNIT_ADMIN_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory, RoleAssignmentFactory, UnitFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_support(db: None) -> Principal:
    user = UserFactory.create(email="support@example.com", staff=True)
    user.groups.add(Group.objects.get(name="support"))
    return staff(user, "orgs.change_membership")


@pytest.fixture
def own_membership(organization: Organization, by_support: Principal) -> Membership:
    return MembershipFactory.create(organization=organization, user=by_support.user, role_id=VIEWER_ROLE)


def refuses(error: type[Exception], action: Callable[..., Any], **given: Any) -> None:
    with track_changes() as changes, pytest.raises(error):
        action(**given)
    assert changes.nothing


def test_staff_do_not_change_their_own_role(
    organization: Organization, own_membership: Membership, member: User, by_support: Principal
):
    given: dict[str, Any] = {"by": by_support, "organization_id": organization.pk, "role_id": OWNER_ROLE}

    refuses(OwnAccount, change_member_roles, membership_id=own_membership.pk, **given)
    change_member_roles(membership_id=membership_of(member, organization).pk, **given)
    assert role_id_of(member, organization) == OWNER_ROLE


def test_staff_do_not_change_their_own_role_in_a_unit(
    organization: Organization, own_membership: Membership, by_support: Principal
):
    unit = UnitFactory.create(organization=organization)
    RoleAssignmentFactory.create(membership=own_membership, unit=unit, role_id=UNIT_EDITOR_ROLE)
    place: dict[str, Any] = {"organization_id": organization.pk, "unit_id": unit.pk, "membership_id": own_membership.pk}

    refuses(OwnAccount, assign_unit_role, by=by_support, role_id=UNIT_ADMIN_ROLE, **place)
    refuses(OwnAccount, remove_unit_role, by=by_support, **place)


def test_staff_do_not_add_themselves(organization: Organization, stranger: User, by_support: Principal):
    given: dict[str, Any] = {"by": by_support, "organization_id": organization.pk, "role_id": OWNER_ROLE}

    refuses(OwnAccount, add_member, user=by_support.user, **given)
    add_member(user=stranger, **given)


@pytest.mark.parametrize("action", [deactivate_account, delete_account, purge_account])
def test_staff_end_no_account_of_their_own(by_support: Principal, action: Callable[..., None]):
    refuses(OwnAccount, action, by=by_support, user=by_support.user)


def test_staff_delete_their_own_account_on_its_pages(by_support: Principal):
    assert by_support.user
    delete_account(by=session_of(by_support.user), user=by_support.user)

    assert User.objects.get(pk=by_support.user.pk).deleted_at


@pytest.mark.parametrize("by", ["staff", "owner"])
def test_a_deactivated_person_does_not_become_an_owner(
    organization: Organization, owner: User, member: User, by_support: Principal, by: str
):
    deactivate_account(by=by_support, user=member)
    caller = by_support if by == "staff" else session_of(owner)
    membership = membership_of(member, organization)
    given: dict[str, Any] = {"by": caller, "organization_id": organization.pk, "membership_id": membership.pk}

    refuses(OwnerIsInactive, change_member_roles, role_id=OWNER_ROLE, **given)


def test_a_deactivated_owner_can_get_permissions(organization: Organization, owner: User, by_support: Principal):
    deactivate_account(by=by_support, user=owner)
    membership = membership_of(owner, organization)

    change_member_roles(
        by=by_support,
        organization_id=organization.pk,
        membership_id=membership.pk,
        permissions=frozenset({"organization:admin"}),
    )

    assert role_id_of(owner, organization) == OWNER_ROLE
