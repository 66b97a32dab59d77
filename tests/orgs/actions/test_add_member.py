"""Adding members without an invitation: staff can add people, and managers can register system users."""

import pytest

from accounts.models import User
from accounts.principals import Principal
from orgs.actions.accounts import register_system_user
from orgs.actions.members import AlreadyMember, InvitationRequired, OwnerIsNoPerson, add_member
from orgs.locks import AccountEnded, OrganizationNotFound
from orgs.lookups import UnknownPermission, UnknownRole
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


def described(**grant: object) -> dict[str, object]:
    return {"permissions": [], "unit_id": None, "unit_role_id": None} | grant


def test_staff_make_a_person_a_member(organization: Organization, stranger: User, by_staff: Principal):
    with track_changes() as changes:
        membership = add_member(
            by=by_staff,
            organization_id=organization.pk,
            user=stranger,
            role_id=EDITOR_ROLE,
            permissions=frozenset({MANAGE_MEMBERS, ADMIN}),
        )
    assert changes.tables == {"orgs.Membership": (1, 0, 0), "orgs.RoleAssignment": (1, 0, 0)}
    granted = described(role_id=EDITOR_ROLE, permissions=[ADMIN, MANAGE_MEMBERS])
    assert changes.events == [
        event("membership.created", membership, by_staff, organization, user_id=stranger.pk, **granted)
    ]
    assert role_id_of(stranger, organization) == EDITOR_ROLE
    assert membership_of(stranger, organization).permissions == [ADMIN, MANAGE_MEMBERS]


def test_members_cannot_even_if_they_are_owners(organization: Organization, owner: User, stranger: User):
    with track_changes() as changes, pytest.raises(InvitationRequired):
        add_member(by=session_of(owner), organization_id=organization.pk, user=stranger, role_id=VIEWER_ROLE)
    assert changes.nothing


def test_a_user_cannot_be_added_twice(organization: Organization, member: User, by_staff: Principal):
    with track_changes() as changes, pytest.raises(AlreadyMember):
        add_member(by=by_staff, organization_id=organization.pk, user=member, role_id=ADMIN_ROLE)
    assert changes.nothing


def test_an_account_that_ended_is_not_added(organization: Organization, stranger: User, by_staff: Principal):
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    with track_changes() as changes, pytest.raises(AccountEnded):
        add_member(by=by_staff, organization_id=organization.pk, user=stranger, role_id=VIEWER_ROLE)
    assert changes.nothing


def test_a_full_organization_only_takes_people_with_a_reserved_seat(
    organization: Organization, owner: User, stranger: User, invitee: User, by_staff: Principal
):
    Organization.objects.update(seat_limit=4)
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    with track_changes() as changes, pytest.raises(NoSeatLeft):
        add_member(by=by_staff, organization_id=organization.pk, user=stranger, role_id=VIEWER_ROLE)
    assert changes.nothing
    add_member(by=by_staff, organization_id=organization.pk, user=invitee, role_id=VIEWER_ROLE)
    assert organization.memberships.count() == 4


class TestRegisteringASystemUser:
    def test_managers_of_members_may(self, organization: Organization, admin: User):
        with track_changes() as changes:
            membership = register_system_user(
                by=session_of(admin), organization_id=organization.pk, name="Robot", role_id=EDITOR_ROLE
            )
        assert changes.tables == {
            "accounts.User": (1, 0, 0),
            "orgs.Membership": (1, 0, 0),
            "orgs.RoleAssignment": (1, 0, 0),
        }
        system_user = membership.user
        granted = described(role_id=EDITOR_ROLE, user_id=system_user.pk)
        assert changes.events == [
            event("user.registered", system_user, admin, organization, user_kind="system"),
            event("membership.created", membership, admin, organization, **granted),
        ]
        system_user.refresh_from_db()
        assert (system_user.kind, system_user.email, system_user.display_name) == ("system", None, "Robot")
        assert not system_user.has_usable_password()

    def test_it_cannot_have_permissions_that_the_caller_lacks(
        self, organization: Organization, admin: User, member: User
    ):
        Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
        for by, role_id in ((admin, OWNER_ROLE), (member, EDITOR_ROLE)):
            with track_changes() as changes, pytest.raises(GrantTooWide):
                register_system_user(by=session_of(by), organization_id=organization.pk, name="Robot", role_id=role_id)
            assert changes.nothing
        register_system_user(by=session_of(member), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE)

    def test_it_cannot_be_an_owner(self, organization: Organization, owner: User, by_staff: Principal):
        for by in (session_of(owner), by_staff):
            with track_changes() as changes, pytest.raises(OwnerIsNoPerson):
                register_system_user(by=by, organization_id=organization.pk, name="Robot", role_id=OWNER_ROLE)
            assert changes.nothing

    def test_it_takes_a_seat(self, organization: Organization, owner: User):
        Organization.objects.update(seat_limit=3)
        with track_changes() as changes, pytest.raises(NoSeatLeft):
            register_system_user(
                by=session_of(owner), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE
            )
        assert changes.nothing

    def test_it_belongs_to_one_organization_only(
        self, organization: Organization, other_organization: Organization, stranger: User, by_staff: Principal
    ):
        system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
        for by in (session_of(stranger), by_staff):
            with track_changes() as changes, pytest.raises(AlreadyMember):
                add_member(by=by, organization_id=other_organization.pk, user=system_user, role_id=VIEWER_ROLE)
            assert changes.nothing

    def test_others_are_refused(self, organization: Organization, member: User, stranger: User):
        for by, refusal in ((member, PermissionMissing), (stranger, OrganizationNotFound)):
            with track_changes() as changes, pytest.raises(refusal):
                register_system_user(by=session_of(by), organization_id=organization.pk, name="R", role_id=VIEWER_ROLE)
            assert changes.nothing

    def test_its_role_and_permissions_must_belong_to_the_organization(
        self, organization: Organization, other_organization: Organization, owner: User
    ):
        foreign = RoleFactory.create(organization=other_organization, name="Helper")
        for role_id in (foreign.pk, UNIT_VIEWER_ROLE):
            with track_changes() as changes, pytest.raises(UnknownRole) as refusal:
                register_system_user(by=session_of(owner), organization_id=organization.pk, name="R", role_id=role_id)
            assert refusal.value.fields == {"role_id": ["Unknown role."]}
            assert changes.nothing
        with track_changes() as changes, pytest.raises(UnknownPermission) as unknown:
            register_system_user(
                by=session_of(owner),
                organization_id=organization.pk,
                name="R",
                role_id=VIEWER_ROLE,
                permissions=frozenset({"organization:own", "unit:view", LIST_PROJECTS}),
            )
        assert unknown.value.fields == {"permissions": ["Unknown: organization:own, unit:view."]}
        assert changes.nothing
