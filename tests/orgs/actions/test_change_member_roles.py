"""Changing a member's roles and permissions: callers need the member's old and new permissions."""

import pytest

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.members import LastOwner, OwnerIsNoPerson, change_member_roles
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound, UnknownPermission, UnknownRole
from orgs.models import Membership, Organization, RoleAssignment
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import MembershipFactory, RoleAssignmentFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


def change(by: User | Principal, user: User, organization: Organization, **grant) -> Membership:
    return change_member_roles(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=organization.pk,
        membership_id=membership_of(user, organization).pk,
        **grant,
    )


def test_a_role_replaces_the_role_and_keeps_direct_permissions_and_units(
    organization: Organization, admin: User, member: User
):
    unit = UnitFactory.create(organization=organization)
    membership = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=membership, role_id=UNIT_VIEWER_ROLE, unit=unit)
    Membership.objects.filter(pk=membership.pk).update(permissions=[MANAGE_BILLING])
    with track_changes() as changes:
        answer = change(admin, member, organization, role_id=EDITOR_ROLE)
    assert changes.tables == {"orgs.Membership": (0, 1, 0), "orgs.RoleAssignment": (0, 1, 0)}
    assert changes.events == [
        event(
            "membership.roles_changed",
            membership,
            admin,
            organization,
            user_id=member.pk,
            role_id=EDITOR_ROLE,
            permissions=[MANAGE_BILLING],
            unit_id=None,
            unit_role_id=None,
        )
    ]
    assert (answer.organization_role.pk, answer.permissions) == (EDITOR_ROLE, [MANAGE_BILLING])
    assert set(RoleAssignment.objects.filter(membership=membership).values_list("unit", "role")) == {
        (None, EDITOR_ROLE),
        (unit.pk, UNIT_VIEWER_ROLE),
    }


def test_permissions_replace_permissions_and_keep_the_role(organization: Organization, admin: User, member: User):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_BILLING])
    answer = change(admin, member, organization, permissions=frozenset({MANAGE_MEMBERS}))
    assert (answer.organization_role.pk, answer.permissions) == (VIEWER_ROLE, [MANAGE_MEMBERS])
    answer = change(admin, member, organization, permissions=frozenset())
    assert (answer.organization_role.pk, answer.permissions) == (VIEWER_ROLE, [])


def test_both_at_once(organization: Organization, admin: User, member: User):
    answer = change(admin, member, organization, role_id=UNASSIGNED_ROLE, permissions=frozenset({LIST_PROJECTS}))
    assert (answer.organization_role.pk, answer.permissions) == (UNASSIGNED_ROLE, [LIST_PROJECTS])


@pytest.mark.parametrize(
    "grant",
    [
        {"role_id": OWNER_ROLE},
        {"role_id": ADMIN_ROLE},
        {"role_id": EDITOR_ROLE},
        {"permissions": frozenset({ADMIN})},
        {"permissions": frozenset({MANAGE_BILLING})},
    ],
)
def test_callers_cannot_grant_permissions_they_lack_even_to_themselves(
    organization: Organization, member: User, stranger: User, grant: dict
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    MembershipFactory.create(organization=organization, user=stranger)
    for target in (stranger, member):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            change(member, target, organization, **grant)
        assert changes.nothing


def test_members_with_more_permissions_cannot_be_changed(
    organization: Organization, admin: User, owner: User, member: User
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    for by, target in ((admin, owner), (member, admin)):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            change(by, target, organization, role_id=UNASSIGNED_ROLE, permissions=frozenset())
        assert changes.nothing


def test_permissions_in_units_count_as_more_permissions(organization: Organization, member: User, stranger: User):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    MembershipFactory.create(
        organization=organization,
        user=stranger,
        role_id=VIEWER_ROLE,
        unit_roles={UnitFactory.create(organization=organization): UNIT_ADMIN_ROLE},
    )
    with track_changes() as changes, pytest.raises(GrantTooWide):
        change(member, stranger, organization, role_id=UNASSIGNED_ROLE)
    assert changes.nothing


def test_a_limited_credential_grants_less(organization: Organization, owner: User, member: User):
    narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS, LIST_PROJECTS}))
    with track_changes() as changes, pytest.raises(GrantTooWide):
        change(narrow, member, organization, role_id=EDITOR_ROLE)
    assert changes.nothing
    change(narrow, member, organization, permissions=frozenset({MANAGE_MEMBERS}))


class TestOwners:
    def test_an_owner_makes_another_owner(self, organization: Organization, owner: User, member: User):
        change(owner, member, organization, role_id=OWNER_ROLE)
        assert (role_id_of(member, organization), role_id_of(owner, organization)) == (OWNER_ROLE, OWNER_ROLE)

    def test_of_two_owners_either_can_be_demoted(self, organization: Organization, owner: User, admin: User):
        change(owner, admin, organization, role_id=OWNER_ROLE)
        change(admin, owner, organization, role_id=VIEWER_ROLE)
        assert role_id_of(owner, organization) == VIEWER_ROLE

    @pytest.mark.parametrize("role_id", [ADMIN_ROLE, UNASSIGNED_ROLE])
    def test_the_last_owner_cannot_be_demoted(
        self, organization: Organization, owner: User, by_staff: Principal, role_id
    ):
        MembershipFactory.create(
            organization=organization, user__email="inactive@example.com", user__deactivated=True, role_id=OWNER_ROLE
        )
        for by in (owner, by_staff):
            with track_changes() as changes, pytest.raises(LastOwner):
                change(by, owner, organization, role_id=role_id)
            assert changes.nothing

    def test_the_last_owner_can_get_direct_permissions(self, organization: Organization, owner: User):
        answer = change(owner, owner, organization, permissions=frozenset({LIST_PROJECTS}))
        assert (answer.organization_role.pk, answer.permissions) == (OWNER_ROLE, [LIST_PROJECTS])

    def test_a_system_user_cannot_become_an_owner(self, organization: Organization, owner: User, by_staff: Principal):
        system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
        for by in (owner, by_staff):
            with track_changes() as changes, pytest.raises(OwnerIsNoPerson):
                change(by, system_user, organization, role_id=OWNER_ROLE)
            assert changes.nothing


def test_custom_roles_of_the_organization_can_be_given_but_not_those_of_others(
    organization: Organization, other_organization: Organization, owner: User, member: User
):
    mine = RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])
    foreign = RoleFactory.create(organization=other_organization, name="Helper")
    change(owner, member, organization, role_id=mine.pk)
    assert role_id_of(member, organization) == mine.pk
    of_units = RoleFactory.create(organization=organization, name="Unit helper", level="unit")
    for unusable in (foreign, of_units):
        with track_changes() as changes, pytest.raises(UnknownRole) as refusal:
            change(owner, member, organization, role_id=unusable.pk)
        assert refusal.value.fields == {"role_id": ["Unknown role."]}
        assert changes.nothing


@pytest.mark.parametrize("name", ["organization:own", "unit:admin", "organization:fly", ""])
def test_only_permissions_of_organizations_can_be_given_directly(
    organization: Organization, owner: User, member: User, name: str
):
    with track_changes() as changes, pytest.raises(UnknownPermission) as refusal:
        change(owner, member, organization, permissions=frozenset({name}))
    assert refusal.value.fields == {"permissions": [f"Unknown: {name}."]}
    assert changes.nothing


def test_callers_without_permission_and_foreign_members(
    organization: Organization, other_organization: Organization, owner: User, member: User, stranger: User
):
    for by, refusal in ((member, PermissionMissing), (stranger, OrganizationNotFound)):
        with track_changes() as changes, pytest.raises(refusal):
            change(by, member, organization, role_id=UNASSIGNED_ROLE)
        assert changes.nothing
    with track_changes() as changes, pytest.raises(MemberNotFound):
        change_member_roles(
            by=session_of(owner),
            organization_id=organization.pk,
            membership_id=membership_of(stranger, other_organization).pk,
            role_id=VIEWER_ROLE,
        )
    assert changes.nothing
