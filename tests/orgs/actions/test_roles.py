"""Custom roles: which permissions they can contain, and when they can be deleted."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import User
from accounts.principals import Method, Principal
from core.errors import Unprocessable
from invitations.models import Invitation
from orgs.actions.roles import RoleBuiltIn, RoleInUse, RoleNameTaken, create_role, delete_role, update_role
from orgs.locks import OrganizationNotFound
from orgs.lookups import RoleNotFound, UnknownPermission, UnknownRole
from orgs.models import Membership, Organization, Role
from orgs.permissions import (
    ADMIN,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_EDIT,
    UNIT_VIEW,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
    Level,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db

ORGANIZATION, UNIT = Level.ORGANIZATION, Level.UNIT

VIEWER = {"role_id": VIEWER_ROLE, "permissions": [], "unit_id": None, "unit_role_id": None}


def create(by: User | Principal, organization: Organization, **values: Any) -> Role:
    values = {"level": ORGANIZATION, "name": "Helper", "permissions": frozenset({LIST_PROJECTS})} | values
    by = by if isinstance(by, Principal) else session_of(by)
    return create_role(by=by, organization_id=organization.pk, **values)


def delete(by: User, role: Role, **values: Any) -> None:
    assert role.organization_id
    delete_role(by=session_of(by), organization_id=role.organization_id, role_id=role.pk, **values)


def update(by: User, role: Role, **values: Any) -> Role:
    assert role.organization_id
    return update_role(by=session_of(by), organization_id=role.organization_id, role_id=role.pk, **values)


@pytest.fixture
def manager(organization: Organization, member: User) -> User:
    """A member who may manage members and list projects."""
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    return member


@pytest.fixture
def helper(organization: Organization) -> Role:
    return RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])


class TestCreating:
    def test_a_role_of_permissions_that_are_held(self, organization: Organization, manager: User):
        with track_changes() as changes:
            role = create(manager, organization, permissions=frozenset({MANAGE_MEMBERS, LIST_PROJECTS}))
        assert changes.tables == {"orgs.Role": (1, 0, 0)}
        names = [LIST_PROJECTS, MANAGE_MEMBERS]
        assert changes.events == [event("role.created", role, manager, organization, permissions=names)]
        stored = Role.objects.filter(pk=role.pk).values("organization", "level", "name", "permissions").get()
        assert stored == {
            "organization": organization.pk,
            "level": "organization",
            "name": "Helper",
            "permissions": names,
        }
        assert not role.is_built_in

    def test_a_role_of_units_needs_an_admin(self, organization: Organization, manager: User, admin: User):
        of_units = {"level": UNIT, "permissions": frozenset({UNIT_VIEW, UNIT_EDIT})}
        with track_changes() as changes, pytest.raises(GrantTooWide):
            create(manager, organization, **of_units)
        assert changes.nothing
        assert create(admin, organization, **of_units).level == UNIT

    @pytest.mark.parametrize("permission", [ADMIN, MANAGE_BILLING])
    def test_a_role_cannot_have_permissions_that_the_caller_lacks(
        self, organization: Organization, manager: User, permission: str
    ):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            create(manager, organization, permissions=frozenset({LIST_PROJECTS, permission}))
        assert changes.nothing

    def test_a_limited_credential_creates_less(self, organization: Organization, owner: User):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS}))
        with track_changes() as changes, pytest.raises(GrantTooWide):
            create(narrow, organization, permissions=frozenset({CREATE_PROJECTS}))
        assert changes.nothing

    @pytest.mark.parametrize(
        ("level", "permission"),
        [
            (ORGANIZATION, "organization:own"),
            (ORGANIZATION, UNIT_VIEW),
            (UNIT, LIST_PROJECTS),
            (UNIT, "organization:own"),
            (ORGANIZATION, "organization:fly"),
        ],
    )
    def test_it_cannot_contain_ownership_or_permissions_of_the_other_level(
        self, organization: Organization, owner: User, level: Level, permission: str
    ):
        with track_changes() as changes, pytest.raises(UnknownPermission) as refusal:
            create(owner, organization, level=level, permissions=frozenset({permission}))
        assert refusal.value.fields == {"permissions": [f"Unknown: {permission}."]}
        assert changes.nothing

    @pytest.mark.parametrize("name", ["owner", "Owner", "ADMIN", "unassigned"])
    def test_names_of_built_in_roles_are_taken(self, organization: Organization, owner: User, name: str):
        for level in (ORGANIZATION, UNIT):
            with track_changes() as changes, pytest.raises(RoleNameTaken):
                create(owner, organization, name=name, level=level, permissions=frozenset())
            assert changes.nothing

    def test_names_are_unique_in_organization_and_level(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User, helper: Role
    ):
        for name in (helper.name, helper.name.upper(), helper.name.lower()):
            with track_changes() as changes, pytest.raises(RoleNameTaken):
                create(owner, organization, name=name)
            assert changes.nothing
        create(owner, organization, level=UNIT, permissions=frozenset())
        create(stranger, other_organization)

    @pytest.mark.parametrize("name", ["", " x", "a\nb", "\u202e", "x" * 65])
    def test_a_name_is_one_visible_line(self, organization: Organization, owner: User, name: str):
        with track_changes() as changes, pytest.raises(ValidationError) as refusal:
            create(owner, organization, name=name)
        assert list(refusal.value.message_dict) == ["name"]
        assert changes.nothing


class TestUpdating:
    def test_changes_apply_to_all_members_with_the_role(
        self, organization: Organization, admin: User, stranger: User, helper: Role
    ):
        MembershipFactory.create(organization=organization, user=stranger, role_id=helper.pk)
        with track_changes() as changes:
            update(admin, helper, name="Assistant", permissions=frozenset({MANAGE_BILLING}))
        assert changes.tables == {"orgs.Role": (0, 1, 0)}
        assert changes.events == [event("role.updated", helper, admin, organization, permissions=[MANAGE_BILLING])]
        assert membership_of(stranger, organization).effective_permissions == {MANAGE_BILLING}

    def test_fields_that_are_not_given_stay(self, admin: User, helper: Role):
        assert update(admin, helper, name="Assistant").permissions == [LIST_PROJECTS]
        assert update(admin, helper, permissions=frozenset()).name == "Assistant"

    def test_the_caller_needs_its_permissions_before_and_after(
        self, organization: Organization, manager: User, helper: Role
    ):
        higher = RoleFactory.create(organization=organization, name="Treasurer", permissions=[MANAGE_BILLING])
        for role, permissions in ((higher, frozenset()), (helper, frozenset({MANAGE_BILLING}))):
            with track_changes() as changes, pytest.raises(GrantTooWide):
                update(manager, role, permissions=permissions)
            assert changes.nothing
        with pytest.raises(GrantTooWide):
            update(manager, higher, name="Bookkeeper")

    def test_an_empty_name_is_no_name(self, admin: User, helper: Role):
        with track_changes() as changes, pytest.raises(ValidationError) as refusal:
            update(admin, helper, name="")
        assert list(refusal.value.message_dict) == ["name"]
        assert changes.nothing

    def test_a_taken_name_is_refused(self, organization: Organization, admin: User, helper: Role):
        RoleFactory.create(organization=organization, name="Assistant")
        for name in ("Assistant", "aSSISTANT", "Viewer"):
            with track_changes() as changes, pytest.raises(RoleNameTaken):
                update(admin, helper, name=name)
            assert changes.nothing

    def test_a_role_of_organizations_takes_no_permission_of_units(self, admin: User, helper: Role):
        with track_changes() as changes, pytest.raises(UnknownPermission):
            update(admin, helper, permissions=frozenset({UNIT_VIEW}))
        assert changes.nothing


class TestDeleting:
    def test_an_unused_role_can_be_deleted(self, organization: Organization, manager: User, helper: Role, owner: User):
        InvitationFactory.create(
            organization=organization, email="invitee@example.com", inviter=owner, role=helper, declined=True
        )
        with track_changes() as changes:
            delete(manager, helper)
        assert changes.tables == {"orgs.Role": (0, 0, 1), "invitations.Invitation": (0, 1, 0)}
        assert changes.events == [event("role.deleted", helper, manager, organization, reassigned_to=None)]
        assert Invitation.objects.get().role_id is None

    def test_a_role_of_members_or_open_invitations_is_in_use(
        self, organization: Organization, owner: User, stranger: User, invitee: User
    ):
        unit = UnitFactory.create(organization=organization)
        held, invited, awaited = (
            RoleFactory.create(organization=organization, name=name) for name in ("Held", "Invited", "Awaited")
        )
        in_unit = RoleFactory.create(organization=organization, name="In a unit", level="unit")
        MembershipFactory.create(organization=organization, user=stranger, role_id=held.pk)
        InvitationFactory.create(organization=organization, email="one@example.com", inviter=owner, role=invited)
        InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True, role=awaited)
        InvitationFactory.create(
            organization=organization, email="two@example.com", inviter=owner, unit=unit, unit_role=in_unit
        )
        for role in (held, invited, awaited, in_unit):
            with track_changes() as changes, pytest.raises(RoleInUse):
                delete(owner, role)
            assert changes.nothing

    def test_an_overdue_invitation_not_marked_yet_does_not_count(
        self, organization: Organization, owner: User, helper: Role
    ):
        overdue = InvitationFactory.create(
            organization=organization, email="invitee@example.com", inviter=owner, role=helper, overdue=True
        )
        with track_changes() as changes:
            delete(owner, helper)
        assert changes.tables == {"orgs.Role": (0, 0, 1), "invitations.Invitation": (0, 1, 0)}
        assert changes.events == [
            event("invitation.expired", overdue, None, organization),
            event("role.deleted", helper, owner, organization, reassigned_to=None),
        ]
        overdue.refresh_from_db()
        assert (overdue.status, overdue.role_id, overdue.finished_at) == ("expired", None, overdue.expires_at)

    def test_the_reassigned_role_replaces_it_for_members_and_open_invitations(
        self, organization: Organization, owner: User, stranger: User, helper: Role
    ):
        helping = MembershipFactory.create(organization=organization, user=stranger, role_id=helper.pk)
        open_one = InvitationFactory.create(
            organization=organization, email="one@example.com", inviter=owner, role=helper
        )
        answered = InvitationFactory.create(
            organization=organization, email="two@example.com", inviter=owner, role=helper, declined=True
        )
        with track_changes() as changes:
            delete(owner, helper, reassign_to=VIEWER_ROLE)
        assert changes.events == [
            event("membership.roles_changed", helping, owner, organization, user_id=stranger.pk, **VIEWER),
            event("role.deleted", helper, owner, organization, reassigned_to=VIEWER_ROLE),
        ]
        open_one.refresh_from_db()
        answered.refresh_from_db()
        assert role_id_of(stranger, organization) == VIEWER_ROLE
        assert (open_one.role_id, answered.role_id) == (VIEWER_ROLE, None)

    def test_a_unit_role_is_replaced_by_a_unit_role(self, organization: Organization, owner: User):
        unit = UnitFactory.create(organization=organization)
        role = RoleFactory.create(organization=organization, name="Host", level="unit")
        open_one = InvitationFactory.create(
            organization=organization, email="one@example.com", inviter=owner, unit=unit, unit_role=role
        )
        with track_changes() as changes, pytest.raises(UnknownRole) as refusal:
            delete(owner, role, reassign_to=VIEWER_ROLE)
        assert refusal.value.fields == {"reassign_to": ["Unknown role."]}
        assert changes.nothing
        delete(owner, role, reassign_to=UNIT_VIEWER_ROLE)
        open_one.refresh_from_db()
        assert open_one.unit_role_id == UNIT_VIEWER_ROLE

    def test_the_reassigned_role_is_not_itself_nor_owner_nor_beyond_the_caller(
        self, organization: Organization, owner: User, manager: User, helper: Role
    ):
        for by, replacement, refusal in (
            (owner, helper.pk, RoleInUse),
            (manager, EDITOR_ROLE, GrantTooWide),
            (owner, OWNER_ROLE, Unprocessable),
        ):
            with track_changes() as changes, pytest.raises(refusal):
                delete(by, helper, reassign_to=replacement)
            assert changes.nothing

    def test_the_caller_needs_its_permissions(self, organization: Organization, manager: User):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            delete(
                manager, RoleFactory.create(organization=organization, name="Treasurer", permissions=[MANAGE_BILLING])
            )
        assert changes.tables == {"orgs.Role": (1, 0, 0)}

    def test_the_database_protects_roles_of_members(self, organization: Organization, stranger: User, helper: Role):
        MembershipFactory.create(organization=organization, user=stranger, role_id=helper.pk)
        with pytest.raises(ProtectedError):
            helper.delete()

    def test_the_database_protects_roles_of_open_invitations(
        self, organization: Organization, owner: User, helper: Role
    ):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, role=helper)
        with pytest.raises(IntegrityError, match="invitation_unanswered_grant_whole"), transaction.atomic():
            helper.delete()


@pytest.mark.parametrize("action", [update_role, delete_role])
class TestBoth:
    def test_built_in_roles_stay_as_they_are(self, organization: Organization, owner: User, action: Any):
        with track_changes() as changes, pytest.raises(RoleBuiltIn):
            action(by=session_of(owner), organization_id=organization.pk, role_id=VIEWER_ROLE)
        assert changes.nothing

    def test_roles_of_other_organizations_are_unknown(
        self, organization: Organization, other_organization: Organization, owner: User, action: Any
    ):
        foreign = RoleFactory.create(organization=other_organization, name="Helper")
        with track_changes() as changes, pytest.raises(RoleNotFound):
            action(by=session_of(owner), organization_id=organization.pk, role_id=foreign.pk)
        with pytest.raises(OrganizationNotFound):
            action(by=session_of(owner), organization_id=other_organization.pk, role_id=foreign.pk)
        assert changes.nothing

    def test_members_without_the_permission_are_refused(
        self, organization: Organization, member: User, helper: Role, action: Any
    ):
        with track_changes() as changes, pytest.raises(PermissionMissing):
            action(by=session_of(member), organization_id=organization.pk, role_id=helper.pk)
        assert changes.nothing


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"level": "galaxy", "name": "x"}, "role_level_known"),
        ({"level": "organization", "name": "owner"}, "role_built_in_name|UNIQUE constraint"),
    ],
)
def test_database_constraints(values: dict[str, str], constraint: str):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        RoleFactory.create(built_in=True, **values)
