"""Roles of members in workspaces and applications: who may assign and remove them."""

from typing import Any

import pytest

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.units import assign_unit_role, remove_unit_role
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound, UnitNotFound, UnknownRole
from orgs.models import Membership, Organization, RoleAssignment, Unit
from orgs.permissions import (
    MANAGE_MEMBERS,
    UNIT_ADMIN_ROLE,
    UNIT_EDIT,
    UNIT_EDITOR_ROLE,
    UNIT_MANAGE_MEMBERS,
    UNIT_VIEW,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import MembershipFactory, RoleAssignmentFactory, RoleFactory, UnitFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization)


@pytest.fixture
def unit_manager(organization: Organization, workspace: Unit, stranger: User) -> User:
    """A member who may view, edit and manage members in the workspace, without permissions in the organization."""
    role = RoleFactory.create(
        organization=organization, name="Host", permissions=[UNIT_MANAGE_MEMBERS, UNIT_VIEW, UNIT_EDIT], level="unit"
    )
    MembershipFactory.create(
        organization=organization, user=stranger, role_id=VIEWER_ROLE, unit_roles={workspace: role.pk}
    )
    return stranger


def assign(by: User | Principal, user: User, unit: Unit, role_id) -> Membership:
    return assign_unit_role(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=unit.organization_id,
        unit_id=unit.pk,
        membership_id=membership_of(user, unit.organization).pk,
        role_id=role_id,
    )


def remove(by: User, user: User, unit: Unit) -> None:
    membership = membership_of(user, unit.organization)
    remove_unit_role(
        by=session_of(by), organization_id=unit.organization_id, unit_id=unit.pk, membership_id=membership.pk
    )


def roles_in(unit: Unit, user: User) -> list:
    return list(RoleAssignment.objects.filter(unit=unit, membership__user=user).values_list("role", flat=True))


def test_a_member_gets_a_unit_role_and_keeps_all_others(
    organization: Organization, workspace: Unit, admin: User, member: User
):
    other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
    membership = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=membership, role_id=UNIT_VIEWER_ROLE, unit=other)
    with track_changes() as changes:
        answer = assign(admin, member, workspace, UNIT_EDITOR_ROLE)
    assert changes.tables == {"orgs.RoleAssignment": (1, 0, 0)}
    assert changes.events == [
        event(
            "membership.unit_role_assigned",
            membership,
            admin,
            organization,
            unit_id=workspace.pk,
            role_id=UNIT_EDITOR_ROLE,
        )
    ]
    assert {a.unit_id: a.role_id for a in answer.assignments.all()} == {
        None: VIEWER_ROLE,
        workspace.pk: UNIT_EDITOR_ROLE,
        other.pk: UNIT_VIEWER_ROLE,
    }


def test_a_second_role_in_a_unit_replaces_the_first(workspace: Unit, admin: User, member: User):
    assign(admin, member, workspace, UNIT_EDITOR_ROLE)
    with track_changes() as changes:
        assign(admin, member, workspace, UNIT_VIEWER_ROLE)
    assert changes.tables == {"orgs.RoleAssignment": (0, 1, 0)}
    assert roles_in(workspace, member) == [UNIT_VIEWER_ROLE]


def test_taking_it_away_keeps_the_membership(organization: Organization, workspace: Unit, admin: User, member: User):
    membership = assign(admin, member, workspace, UNIT_EDITOR_ROLE)
    with track_changes() as changes:
        remove(admin, member, workspace)
    assert changes.tables == {"orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [
        event("membership.unit_role_removed", membership, admin, organization, unit_id=workspace.pk)
    ]
    assert membership_of(member, organization).organization_role.pk == VIEWER_ROLE


def test_a_missing_role_cannot_be_removed(workspace: Unit, admin: User, member: User):
    with track_changes() as changes, pytest.raises(MemberNotFound, match="no role there"):
        remove(admin, member, workspace)
    assert changes.nothing


def test_managers_of_the_unit_grant_their_permissions_in_it(workspace: Unit, unit_manager: User, member: User):
    assign(unit_manager, member, workspace, UNIT_EDITOR_ROLE)
    assert roles_in(workspace, member) == [UNIT_EDITOR_ROLE]
    for target in (member, unit_manager):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            assign(unit_manager, target, workspace, UNIT_ADMIN_ROLE)
        assert changes.nothing
    remove(unit_manager, member, workspace)


def test_managers_of_one_unit_cannot_manage_another(organization: Organization, unit_manager: User, member: User):
    other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
    with track_changes() as changes, pytest.raises(PermissionMissing):
        assign(unit_manager, member, other, UNIT_VIEWER_ROLE)
    assert changes.nothing


def test_members_with_more_permissions_in_the_unit_cannot_be_changed(
    organization: Organization, workspace: Unit, unit_manager: User
):
    higher = UserFactory.create(email="higher@example.com")
    MembershipFactory.create(
        organization=organization, user=higher, role_id=VIEWER_ROLE, unit_roles={workspace: UNIT_ADMIN_ROLE}
    )
    with track_changes() as changes, pytest.raises(GrantTooWide):
        assign(unit_manager, higher, workspace, UNIT_VIEWER_ROLE)
    with pytest.raises(GrantTooWide):
        remove(unit_manager, higher, workspace)
    assert changes.nothing
    assert roles_in(workspace, higher) == [UNIT_ADMIN_ROLE]


def test_managers_of_members_cannot_grant_permissions_they_lack(
    organization: Organization, workspace: Unit, member: User, unit_manager: User
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    with track_changes() as changes, pytest.raises(GrantTooWide):
        assign(member, unit_manager, workspace, UNIT_VIEWER_ROLE)
    assert changes.nothing


def test_a_limited_credential_grants_less(workspace: Unit, owner: User, member: User):
    narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({UNIT_MANAGE_MEMBERS, UNIT_VIEW}))
    assign(narrow, member, workspace, UNIT_VIEWER_ROLE)
    with track_changes() as changes, pytest.raises(GrantTooWide):
        assign(narrow, member, workspace, UNIT_EDITOR_ROLE)
    assert changes.nothing


def test_roles_units_and_members_of_other_organizations_are_unknown(
    organization: Organization, other_organization: Organization, workspace: Unit, owner: User, member: User
):
    foreign_unit = UnitFactory.create(organization=other_organization)
    foreign_role = RoleFactory.create(organization=other_organization, name="Host", level="unit")
    right: dict[str, Any] = {
        "by": session_of(owner),
        "organization_id": organization.pk,
        "unit_id": workspace.pk,
        "membership_id": membership_of(member, organization).pk,
        "role_id": UNIT_VIEWER_ROLE,
    }
    foreign_member = other_organization.memberships.get().pk
    for wrong, refusal in (
        ({"unit_id": foreign_unit.pk}, UnitNotFound),
        ({"role_id": foreign_role.pk}, UnknownRole),
        ({"role_id": VIEWER_ROLE}, UnknownRole),
        ({"membership_id": foreign_member}, MemberNotFound),
        ({"organization_id": other_organization.pk}, OrganizationNotFound),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            assign_unit_role(**right | wrong)
        assert changes.nothing


def test_a_unit_of_the_other_kind_is_unknown_where_the_kind_is_named(workspace: Unit, owner: User, member: User):
    membership = membership_of(member, workspace.organization)
    for action, more in ((assign_unit_role, {"role_id": UNIT_VIEWER_ROLE}), (remove_unit_role, {})):
        with track_changes() as changes, pytest.raises(UnitNotFound):
            action(
                by=session_of(owner),
                organization_id=workspace.organization_id,
                unit_id=workspace.pk,
                membership_id=membership.pk,
                kind=Unit.Kind.APPLICATION,
                **more,
            )
        assert changes.nothing


def test_members_without_the_permission_are_refused(workspace: Unit, member: User, admin: User):
    with track_changes() as changes, pytest.raises(PermissionMissing):
        assign(member, member, workspace, UNIT_VIEWER_ROLE)
    assert changes.nothing
