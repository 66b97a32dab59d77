"""Permission checks. Callers can only grant permissions that they have."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal
from orgs import policies
from orgs.locks import OrganizationNotFound
from orgs.models import Organization, Role
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    ALL_PERMISSIONS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWN,
    OWNER_ROLE,
    UNIT_ADMIN,
    UNIT_ADMIN_ROLE,
    UNIT_EDIT,
    UNIT_MANAGE_MEMBERS,
    UNIT_VIEW,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
    effective,
)
from orgs.policies import UNRESTRICTED, EffectivePermissions, Grant, GrantTooWide, PermissionMissing, PersonRequired
from tests.factories import MembershipFactory, UnitFactory
from tests.support.people import membership_of, session_of

permission_sets = st.frozensets(st.sampled_from(sorted(ALL_PERMISSIONS)))


def a_grant(permissions: frozenset[str]) -> Grant:
    return Grant(Role(permissions=sorted(permissions)))


class TestEffectivePermissions:
    def test_they_come_from_the_role_the_direct_permissions_and_the_units(
        self, organization: Organization, stranger: User
    ):
        workspace = UnitFactory.create(organization=organization)
        application = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        membership = MembershipFactory.create(
            organization=organization,
            user=stranger,
            role_id=EDITOR_ROLE,
            permissions=[MANAGE_BILLING],
            unit_roles={workspace: UNIT_ADMIN_ROLE},
        )
        held = policies.member_permissions(membership)
        assert held == EffectivePermissions(
            frozenset({"organization:create_projects", LIST_PROJECTS, MANAGE_BILLING}),
            {workspace.pk: effective([UNIT_ADMIN])},
        )
        assert held.permits(UNIT_EDIT, workspace.pk)
        assert not held.permits(UNIT_EDIT, application.pk)
        assert not held.permits(UNIT_EDIT)

    def test_an_admin_has_all_permissions_in_every_unit(self, organization: Organization, admin: User):
        held = policies.caller_permissions(session_of(admin), organization)
        assert held.permits(UNIT_ADMIN, UnitFactory.create(organization=organization).pk)
        assert not held.permits(OWN)

    def test_the_direct_admin_permission_equals_the_admin_role(
        self, organization: Organization, stranger: User, admin: User
    ):
        by_permission = policies.member_permissions(
            MembershipFactory.create(organization=organization, user=stranger, role_id=VIEWER_ROLE, permissions=[ADMIN])
        )
        assert by_permission == policies.member_permissions(membership_of(admin, organization))

    def test_staff_and_the_service_are_unrestricted(self, organization: Organization, by_staff: Principal):
        assert policies.caller_permissions(by_staff, organization) == UNRESTRICTED
        assert policies.caller_permissions(SERVICE, organization) == UNRESTRICTED

    def test_a_staff_member_with_an_ordinary_credential_is_an_ordinary_user(
        self, organization: Organization, staff_member: User
    ):
        with pytest.raises(OrganizationNotFound):
            policies.caller_permissions(session_of(staff_member), organization)

    def test_non_members_and_anonymous_callers_find_no_organization(self, organization: Organization, stranger: User):
        for by in (session_of(stranger), LINK_HOLDER):
            with pytest.raises(OrganizationNotFound):
                policies.caller_permissions(by, organization)

    def test_a_credential_of_another_organization_finds_none(
        self, organization: Organization, other_organization: Organization, owner: User
    ):
        bound = Principal(user=owner, method=Method.API_KEY, organization_id=other_organization.pk)
        with pytest.raises(OrganizationNotFound):
            policies.caller_permissions(bound, organization)

    def test_a_deactivated_member_has_no_permissions(self, organization: Organization, admin: User):
        User.objects.filter(pk=admin.pk).update(is_active=False)
        with pytest.raises(OrganizationNotFound):
            policies.caller_permissions(session_of(admin), organization)

    def test_a_credential_limits_the_organization_and_every_unit(self, organization: Organization, stranger: User):
        workspace = UnitFactory.create(organization=organization)
        MembershipFactory.create(
            organization=organization, user=stranger, role_id=ADMIN_ROLE, unit_roles={workspace: UNIT_ADMIN_ROLE}
        )
        narrow = Principal(
            user=stranger, method=Method.API_KEY, permissions=frozenset({UNIT_VIEW, MANAGE_MEMBERS, OWN + "!"})
        )
        assert policies.caller_permissions(narrow, organization) == EffectivePermissions(
            frozenset({UNIT_VIEW, LIST_PROJECTS, MANAGE_MEMBERS}), {workspace.pk: frozenset({UNIT_VIEW})}
        )

    def test_a_credential_adds_no_permissions(self, organization: Organization, member: User):
        wide = Principal(user=member, method=Method.API_KEY, permissions=frozenset({OWN}))
        assert policies.caller_permissions(wide, organization) == policies.caller_permissions(
            session_of(member), organization
        )

    def test_a_credential_without_permissions_permits_nothing(self, organization: Organization, owner: User):
        idle = Principal(user=owner, method=Method.API_KEY, permissions=frozenset())
        assert policies.caller_permissions(idle, organization) == EffectivePermissions(frozenset())

    @given(permission_sets, permission_sets)
    def test_limiting_never_adds_and_by_the_same_permissions_changes_nothing(
        self, held: frozenset, permissions: frozenset
    ):
        held_permissions = EffectivePermissions(effective(held))
        assert held_permissions.limited_to(permissions).organization <= held_permissions.organization
        assert held_permissions.limited_to(held) == held_permissions
        assert held_permissions.limited_to(None) == held_permissions


class TestGranting:
    @given(permission_sets, permission_sets)
    def test_a_grant_is_allowed_exactly_when_it_is_a_subset(self, held: frozenset, given_away: frozenset):
        missing = EffectivePermissions(effective(held)).missing_for(a_grant(given_away))
        assert missing == effective(given_away) - effective(held)

    def test_the_error_lists_the_missing_permissions(self):
        with pytest.raises(GrantTooWide) as refusal:
            policies.require_grantable(
                EffectivePermissions(effective([MANAGE_MEMBERS])), a_grant(frozenset({MANAGE_BILLING}))
            )
        assert refusal.value.details == {"missing_permissions": [MANAGE_BILLING]}
        assert refusal.value.code == "grant_too_wide"

    def test_an_admin_cannot_grant_ownership(self):
        with pytest.raises(GrantTooWide) as refusal:
            policies.require_grantable(EffectivePermissions(effective([ADMIN])), a_grant(frozenset({OWN, ADMIN})))
        assert refusal.value.details == {"missing_permissions": [OWN]}

    @pytest.mark.django_db
    def test_permissions_in_one_unit_grant_nothing_in_another(self, organization: Organization):
        workspace = UnitFactory.create(organization=organization)
        application = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        held = EffectivePermissions(frozenset(), {workspace.pk: effective([UNIT_ADMIN])})
        viewer = Role(permissions=[UNIT_VIEW])
        policies.require_grantable(held, Grant(Role(), unit=workspace, unit_role=viewer))
        with pytest.raises(GrantTooWide):
            policies.require_grantable(held, Grant(Role(), unit=application, unit_role=viewer))

    @pytest.mark.django_db
    def test_authority_needs_all_permissions_of_the_member_everywhere(self, organization: Organization, stranger: User):
        workspace = UnitFactory.create(organization=organization)
        higher = MembershipFactory.create(
            organization=organization, user=stranger, role_id=VIEWER_ROLE, unit_roles={workspace: UNIT_ADMIN_ROLE}
        )
        manager = EffectivePermissions(effective([MANAGE_MEMBERS, LIST_PROJECTS]))
        with pytest.raises(GrantTooWide) as refusal:
            policies.require_authority_over(manager, higher)
        assert refusal.value.details == {"missing_permissions": sorted(effective([UNIT_ADMIN]) - {UNIT_VIEW})}
        policies.require_authority_over(EffectivePermissions(effective([ADMIN])), higher)


class TestRequiring:
    def test_it_returns_the_permissions_of_the_caller(self, organization: Organization, admin: User):
        held = policies.require(session_of(admin), organization, MANAGE_MEMBERS)
        assert held == policies.caller_permissions(session_of(admin), organization)

    def test_the_error_names_the_missing_permission(self, organization: Organization, member: User):
        with pytest.raises(PermissionMissing) as refusal:
            policies.require(session_of(member), organization, MANAGE_MEMBERS)
        assert refusal.value.details == {"permission": MANAGE_MEMBERS}

    def test_managing_a_unit_needs_the_permission_in_it_or_in_the_organization(
        self, organization: Organization, admin: User, stranger: User
    ):
        workspace = UnitFactory.create(organization=organization)
        application = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        MembershipFactory.create(
            organization=organization,
            user=stranger,
            role_id=VIEWER_ROLE,
            unit_roles={workspace: UNIT_ADMIN_ROLE, application: UNIT_VIEWER_ROLE},
        )
        policies.require_member_management(session_of(stranger), organization, workspace)
        policies.require_member_management(session_of(admin), organization, application)
        for unit in (application, None):
            with pytest.raises(PermissionMissing):
                policies.require_member_management(session_of(stranger), organization, unit)

    def test_only_a_signed_in_person_is_a_person(self, owner: User, organization: Organization):
        assert policies.require_person(session_of(owner)) == owner
        system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
        for by in (
            Principal(user=owner, method=Method.API_KEY),
            Principal(user=owner, method=Method.STAFF),
            Principal(user=system_user, method=Method.SESSION),
            SERVICE,
            LINK_HOLDER,
        ):
            with pytest.raises(PersonRequired):
                policies.require_person(by)


class TestFindMembership:
    """The membership of a person who may be a member of many organizations."""

    def test_no_search_sorts_by_primary_key(self, organization: Organization, member: User):
        with CaptureQueriesContext(connection) as captured:
            assert policies.find_membership(member, organization) == membership_of(member, organization)
            policies.caller_permissions(session_of(member), organization)
        searches = [query["sql"] for query in captured if '"membership_id" IN' not in query["sql"]]
        assert searches
        assert not [sql for sql in searches if "ORDER BY" in sql]


class TestInviterPermissions:
    """The current permissions of inviters."""

    def test_a_member_has_their_current_permissions(self, organization: Organization, member: User):
        held = policies.inviter_permissions(member, organization)
        assert held == EffectivePermissions(frozenset({LIST_PROJECTS}))

    def test_former_unknown_and_erased_members_have_none(
        self, organization: Organization, member: User, stranger: User
    ):
        membership_of(member, organization).delete()
        for user in (member, stranger, None):
            assert policies.inviter_permissions(user, organization) is None

    def test_deactivated_members_and_staff_have_none(self, organization: Organization, owner: User, staff_member: User):
        owner.is_active = staff_member.is_active = False
        assert policies.inviter_permissions(owner, organization) is None
        assert policies.inviter_permissions(staff_member, organization) is None

    def test_staff_who_are_no_members_have_none_here(self, organization: Organization, staff_member: User):
        assert policies.inviter_permissions(staff_member, organization) is None

    def test_a_system_user_is_treated_like_a_member(self, organization: Organization):
        system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=OWNER_ROLE).user
        held = policies.inviter_permissions(system_user, organization)
        assert held is not None
        assert held.permits(UNIT_MANAGE_MEMBERS)
