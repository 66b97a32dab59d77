"""Test inviting: who may invite, what they may grant, and the limit of one open invitation per address and unit."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.errors import Denied, Invalid, Unprocessable
from invitations.actions.inviting import invite
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited
from orgs.actions.members import AlreadyMember
from orgs.locks import OrganizationNotFound
from orgs.lookups import UnknownPermission, UnknownRole, UnknownUnit
from orgs.models import Membership, Organization, Unit
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def send(by: User | Principal, organization: Organization, email: str = ADDRESS, **values: Any) -> Invitation:
    by = by if isinstance(by, Principal) else session_of(by)
    return invite(by=by, organization_id=organization.pk, email=normalize_address(email), **values)


@pytest.fixture
def manager(organization: Organization, member: User) -> User:
    """A member who may only manage members and list projects."""
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    return member


@pytest.fixture
def workspace(organization: Organization) -> Unit:
    return UnitFactory.create(organization=organization)


@pytest.fixture
def unit_admin(organization: Organization, workspace: Unit, stranger: User) -> User:
    MembershipFactory.create(
        organization=organization, user=stranger, role_id=UNASSIGNED_ROLE, unit_roles={workspace: UNIT_ADMIN_ROLE}
    )
    return stranger


class TestTheRow:
    def test_it_is_open_and_says_who_offers_what_to_whom(
        self, organization: Organization, workspace: Unit, admin: User
    ):
        start = timezone.now()
        with track_changes() as changes:
            invitation = send(
                admin,
                organization,
                " Invitee@Example.com ",
                role_id=EDITOR_ROLE,
                permissions=frozenset({MANAGE_BILLING, LIST_PROJECTS}),
                unit_id=workspace.pk,
                unit_role_id=UNIT_EDITOR_ROLE,
            )
        assert changes.tables == {"invitations.Invitation": (1, 0, 0), "invitations.Email": (1, 0, 0)}
        assert changes.events == [
            event(
                "invitation.created",
                invitation,
                admin,
                organization,
                role_id=EDITOR_ROLE,
                permissions=[LIST_PROJECTS, MANAGE_BILLING],
                unit_id=workspace.pk,
                unit_role_id=UNIT_EDITOR_ROLE,
                lifetime_days=10,
            )
        ]
        stored = Invitation.objects.values().get()
        assert stored == {
            "id": invitation.pk,
            "organization_id": organization.pk,
            "email": ADDRESS,
            "language": "",
            "invitee_name": "",
            "message": "",
            "metadata": {},
            "role_id": EDITOR_ROLE,
            "permissions": [LIST_PROJECTS, MANAGE_BILLING],
            "unit_id": workspace.pk,
            "unit_role_id": UNIT_EDITOR_ROLE,
            "status": "pending",
            "generation": 1,
            "expires_at": stored["expires_at"],
            "lifetime_days": None,
            "is_emailed": True,
            "reminded_generation": 0,
            "finished_at": None,
            "decline_reason": "",
            "given": None,
            "superseded_by_id": None,
            "shares_email_of_id": None,
            "inviter_id": admin.pk,
            "inviter_user_id": admin.pk,
            "inviter_name": "Admin Cast",
            "answered_by_id": None,
            "created_at": stored["created_at"],
            "updated_at": stored["updated_at"],
        }
        assert start + timedelta(days=10) <= stored["expires_at"] <= timezone.now() + timedelta(days=10)
        assert invitation.is_open

    def test_its_email_is_queued_in_the_same_transaction(self, organization: Organization, admin: User):
        invitation = send(admin, organization)
        columns = ("invitation", "kind", "recipient", "generation", "state", "attempts", "sent_at")
        assert Email.objects.values(*columns).get() == {
            "invitation": invitation.pk,
            "kind": "invitation",
            "recipient": ADDRESS,
            "generation": 1,
            "state": "queued",
            "attempts": 0,
            "sent_at": None,
        }

    def test_without_a_role_it_is_unassigned(self, organization: Organization, admin: User):
        invitation = send(admin, organization)
        assert (invitation.role_id, invitation.permissions, invitation.unit_id) == (UNASSIGNED_ROLE, [], None)

    @pytest.mark.parametrize("days", [1, 30])
    def test_it_lives_as_long_as_asked(self, organization: Organization, admin: User, days: int):
        start = timezone.now()
        expires_at = send(admin, organization, lifetime_days=days).expires_at
        assert start + timedelta(days=days) <= expires_at <= timezone.now() + timedelta(days=days)

    @pytest.mark.parametrize("days", [0, -1, 31, 10**9])
    def test_within_bounds(self, organization: Organization, admin: User, days: int):
        with track_changes() as changes, pytest.raises(Invalid) as refusal:
            send(admin, organization, lifetime_days=days)
        assert refusal.value.fields == {"lifetime_days": ["Choose 1 to 30 days."]}
        assert changes.nothing


class TestWhoMayOfferWhat:
    @pytest.mark.parametrize(
        "grant",
        [
            {"role_id": OWNER_ROLE},
            {"role_id": ADMIN_ROLE},
            {"role_id": EDITOR_ROLE},
            {"permissions": frozenset({ADMIN})},
            {"role_id": VIEWER_ROLE, "permissions": frozenset({MANAGE_BILLING})},
        ],
    )
    def test_nobody_offers_more_than_they_hold(self, organization: Organization, manager: User, grant: dict):
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send(manager, organization, **grant)
        assert changes.nothing
        send(manager, organization, role_id=VIEWER_ROLE, permissions=frozenset({MANAGE_MEMBERS}))

    def test_an_admin_mints_no_owner_and_an_owner_does(self, organization: Organization, admin: User, owner: User):
        with track_changes() as changes, pytest.raises(GrantTooWide) as refusal:
            send(admin, organization, role_id=OWNER_ROLE)
        assert refusal.value.details == {"missing_permissions": ["organization:own"]}
        assert changes.nothing
        assert send(owner, organization, role_id=OWNER_ROLE).role_id == OWNER_ROLE

    def test_managers_of_a_unit_invite_only_into_it(
        self, organization: Organization, workspace: Unit, unit_admin: User
    ):
        send(unit_admin, organization, unit_id=workspace.pk, unit_role_id=UNIT_EDITOR_ROLE)
        other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        refusals: list[tuple[dict[str, Any], type[Denied]]] = [
            ({"unit_id": other.pk, "unit_role_id": UNIT_VIEWER_ROLE}, PermissionMissing),
            ({"unit_id": workspace.pk, "unit_role_id": UNIT_VIEWER_ROLE, "role_id": VIEWER_ROLE}, GrantTooWide),
            ({}, PermissionMissing),
        ]
        for grant, refusal in refusals:
            with track_changes() as changes, pytest.raises(refusal):
                send(unit_admin, organization, "another@example.com", **grant)
            assert changes.nothing

    def test_a_credential_for_less_offers_less(self, organization: Organization, owner: User):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS}))
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send(narrow, organization, role_id=EDITOR_ROLE)
        assert changes.nothing
        send(narrow, organization, role_id=VIEWER_ROLE)

    def test_a_system_user_invites_like_a_member(self, organization: Organization):
        system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
        key = Principal(user=system_user, method=Method.API_KEY, organization_id=organization.pk)
        invitation = send(key, organization, role_id=EDITOR_ROLE)
        assert (invitation.inviter_id, invitation.inviter_name) == (system_user.pk, "Robot")

    def test_staff_offer_anything_anywhere(self, organization: Organization, by_staff: Principal):
        assert send(by_staff, organization, role_id=OWNER_ROLE).inviter_id == by_staff.actor_id

    def test_members_without_the_right_outsiders_and_the_archived(
        self, organization: Organization, owner: User, stranger: User
    ):
        viewer = MembershipFactory.create(organization=organization, user=stranger, role_id=VIEWER_ROLE).user
        with track_changes() as changes, pytest.raises(PermissionMissing):
            send(viewer, organization)
        assert changes.nothing
        Organization.objects.update(deleted_at=timezone.now())
        with track_changes() as changes, pytest.raises(OrganizationNotFound):
            send(owner, organization)
        assert changes.nothing

    def test_outsiders_get_a_404(self, organization: Organization, stranger: User):
        with track_changes() as changes, pytest.raises(OrganizationNotFound):
            send(stranger, organization)
        assert changes.nothing


class TestReferences:
    """Roles, units and permissions must belong to the organization."""

    def test_roles_and_units_of_others_are_unknown(
        self, organization: Organization, other_organization: Organization, workspace: Unit, owner: User
    ):
        foreign_role = RoleFactory.create(organization=other_organization, name="Helper")
        foreign_unit = UnitFactory.create(organization=other_organization)
        foreign_unit_role = RoleFactory.create(organization=other_organization, name="Host", level="unit")
        refusals: list[tuple[dict[str, Any], type[Unprocessable], str]] = [
            ({"role_id": foreign_role.pk}, UnknownRole, "role_id"),
            ({"role_id": UNIT_VIEWER_ROLE}, UnknownRole, "role_id"),
            ({"unit_id": foreign_unit.pk, "unit_role_id": UNIT_VIEWER_ROLE}, UnknownUnit, "unit_id"),
            ({"unit_id": workspace.pk, "unit_role_id": foreign_unit_role.pk}, UnknownRole, "unit_role_id"),
            ({"unit_id": workspace.pk, "unit_role_id": VIEWER_ROLE}, UnknownRole, "unit_role_id"),
            ({"unit_id": workspace.pk}, Unprocessable, "unit_role_id"),
            ({"unit_role_id": UNIT_VIEWER_ROLE}, Unprocessable, "unit_role_id"),
        ]
        for grant, refusal, named in refusals:
            with track_changes() as changes, pytest.raises(refusal) as refused:
                send(owner, organization, **grant)
            assert list(refused.value.fields) == [named]
            assert changes.nothing

    @pytest.mark.parametrize("name", ["organization:own", "unit:view", "organization:fly", "\x00"])
    def test_only_permissions_of_organizations_can_be_offered(self, organization: Organization, owner: User, name: str):
        with track_changes() as changes, pytest.raises(UnknownPermission):
            send(owner, organization, permissions=frozenset({name, LIST_PROJECTS}))
        assert changes.nothing

    def test_an_own_role_can_be_offered(self, organization: Organization, owner: User):
        role = RoleFactory.create(organization=organization, name="Helper", permissions=[CREATE_PROJECTS])
        assert send(owner, organization, role_id=role.pk).role == role


class TestOncePerAddressAndTarget:
    def test_an_open_one_stands_in_the_way(self, organization: Organization, owner: User):
        first = send(owner, organization)
        with track_changes() as changes, pytest.raises(AlreadyInvited) as refusal:
            send(owner, organization, "INVITEE@example.COM", role_id=EDITOR_ROLE)
        assert refusal.value.details == {"invitation_id": first.pk}
        assert changes.nothing

    def test_an_acceptance_that_waits_stands_in_the_way_too(
        self, organization: Organization, owner: User, invitee: User
    ):
        InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
        with track_changes() as changes, pytest.raises(AlreadyInvited):
            send(owner, organization)
        assert changes.nothing

    def test_each_unit_and_the_organization_are_targets_of_their_own(
        self, organization: Organization, other_organization: Organization, workspace: Unit, owner: User, stranger: User
    ):
        other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        send(owner, organization)
        for unit in (workspace, other):
            send(owner, organization, unit_id=unit.pk, unit_role_id=UNIT_VIEWER_ROLE)
            with pytest.raises(AlreadyInvited):
                send(owner, organization, unit_id=unit.pk, unit_role_id=UNIT_EDITOR_ROLE)
        send(stranger, other_organization)
        assert Invitation.objects.open().count() == 4

    def test_addresses_that_merely_resemble_each_other_are_others(self, organization: Organization, owner: User):
        for address in ("alice@example.com", "ice@example.com", "alice+tag@example.com", "a_ice@example.com"):
            send(owner, organization, address)
        assert Invitation.objects.open().count() == 4

    @pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
    def test_an_answered_one_does_not(self, organization: Organization, owner: User, status: str):
        InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, status=status)
        assert send(owner, organization).is_open

    def test_an_overdue_one_that_nobody_has_marked_yet_is_marked_and_does_not(
        self, organization: Organization, owner: User
    ):
        overdue = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, overdue=True)
        with track_changes() as changes:
            invitation = send(owner, organization)
        assert changes.tables == {"invitations.Invitation": (1, 1, 0), "invitations.Email": (1, 0, 0)}
        assert [(event.kind, event.subject[1], event.by) for event in changes.events] == [
            ("invitation.expired", overdue.pk, None),
            ("invitation.created", invitation.pk, owner.pk),
        ]
        overdue.refresh_from_db()
        assert (overdue.status, overdue.finished_at, overdue.superseded_by) == ("expired", overdue.expires_at, None)

    def test_a_member_is_not_invited(self, organization: Organization, owner: User, member: User):
        EmailAddressFactory.create(user=member, email="second@example.com")
        for address in ("member@example.com", "Second@Example.com"):
            for force in (False, True):
                with track_changes() as changes, pytest.raises(AlreadyMember):
                    send(owner, organization, address, force=force)
                assert changes.nothing

    def test_an_address_that_a_member_has_not_verified_can_be_invited(
        self, organization: Organization, owner: User, member: User
    ):
        EmailAddressFactory.create(user=member, email="second@example.com", verified=False)
        assert send(owner, organization, "second@example.com").is_open

    def test_a_member_of_another_organization_is_invited(
        self, organization: Organization, other_organization: Organization, owner: User
    ):
        assert send(owner, organization, "stranger@example.com").is_open


class TestForce:
    def test_the_former_is_withdrawn_in_favor_of_the_new_one(
        self, organization: Organization, owner: User, admin: User
    ):
        former = send(admin, organization)
        with track_changes() as changes:
            newer = send(owner, organization, role_id=EDITOR_ROLE, force=True)
        assert changes.tables == {"invitations.Invitation": (1, 1, 0), "invitations.Email": (1, 0, 0)}
        assert [(event.kind, event.subject[1], event.data.get("role_id")) for event in changes.events] == [
            ("invitation.created", newer.pk, str(EDITOR_ROLE)),
            ("invitation.superseded", former.pk, None),
        ]
        former.refresh_from_db()
        assert (former.status, former.superseded_by_id, former.is_superseded) == ("cancelled", newer.pk, True)
        assert former.finished_at is not None
        assert list(Invitation.objects.open()) == [newer]

    def test_an_acceptance_that_waits_is_withdrawn_too(self, organization: Organization, owner: User, invitee: User):
        former = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
        newer = send(owner, organization, force=True)
        former.refresh_from_db()
        assert (former.status, former.superseded_by_id) == ("cancelled", newer.pk)

    def test_chains_point_from_each_to_the_next(self, organization: Organization, owner: User):
        chain = [send(owner, organization, force=True) for _ in range(3)]
        rows = Invitation.objects.order_by("id").values_list("pk", "superseded_by", "status")
        assert list(rows) == [
            (chain[0].pk, chain[1].pk, "cancelled"),
            (chain[1].pk, chain[2].pk, "cancelled"),
            (chain[2].pk, None, "pending"),
        ]

    def test_without_a_former_one_it_is_an_ordinary_invitation(self, organization: Organization, owner: User):
        with track_changes() as changes:
            send(owner, organization, force=True)
        assert [event.kind for event in changes.events] == ["invitation.created"]

    def test_other_targets_stay_open(self, organization: Organization, workspace: Unit, owner: User):
        to_unit = send(owner, organization, unit_id=workspace.pk, unit_role_id=UNIT_VIEWER_ROLE)
        send(owner, organization)
        send(owner, organization, force=True)
        to_unit.refresh_from_db()
        assert to_unit.status == "pending"

    def test_nobody_replaces_what_they_could_not_offer(self, organization: Organization, owner: User, manager: User):
        send(owner, organization, role_id=ADMIN_ROLE)
        with track_changes() as changes, pytest.raises(GrantTooWide):
            send(manager, organization, role_id=VIEWER_ROLE, force=True)
        assert changes.nothing

    def test_a_refusal_after_the_withdrawal_undoes_it(self, organization: Organization, owner: User):
        send(owner, organization)
        with track_changes() as changes, pytest.raises(Invalid):
            send(owner, organization, force=True, lifetime_days=31)
        assert changes.nothing


class TestSeats:
    def test_the_last_one_can_be_offered_once(self, organization: Organization, owner: User):
        Organization.objects.update(seat_limit=4)
        send(owner, organization)
        with track_changes() as changes, pytest.raises(NoSeatLeft) as refusal:
            send(owner, organization, "another@example.com")
        assert refusal.value.details == {"seat_limit": 4}
        assert changes.nothing

    def test_one_address_needs_one_however_many_targets(self, organization: Organization, workspace: Unit, owner: User):
        Organization.objects.update(seat_limit=4)
        send(owner, organization)
        send(owner, organization, unit_id=workspace.pk, unit_role_id=UNIT_VIEWER_ROLE)
        assert send(owner, organization, force=True).is_open

    def test_an_overdue_one_gives_it_back(self, organization: Organization, owner: User):
        Organization.objects.update(seat_limit=4)
        InvitationFactory.create(organization=organization, email="another@example.com", inviter=owner, overdue=True)
        assert send(owner, organization).is_open
