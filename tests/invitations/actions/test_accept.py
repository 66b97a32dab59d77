"""Test accepting: a person who has verified the address joins if the inviter may still grant the roles."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal
from core.addresses import normalize_address
from core.errors import Unauthenticated
from invitations.actions.answering import AcceptResult, accept, decline
from invitations.actions.inviting import cancel, invite, resend, update_invitation
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.refusals import (
    AddressNotVerified,
    InvitationAccepted,
    InvitationCancelled,
    InvitationDeclined,
    InvitationExpired,
    InvitationNotFound,
    InvitationNotNeeded,
    InvitationSuperseded,
    InvitationUndeliverable,
    InvitationWaits,
    InviterCannotGrant,
    NewerEmailSent,
    NotYours,
)
from invitations.tokens import PAGE_PURPOSES, Proof, Purpose
from orgs.locks import AccountEnded
from orgs.models import Organization, Role, RoleAssignment, Unit
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import PersonRequired
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db

ADDRESS = "invitee@example.com"


def say_yes(by: User | Principal, invitation: Invitation, proof: Proof | None = None) -> AcceptResult:
    return accept(by=by if isinstance(by, Principal) else session_of(by), invitation_id=invitation.pk, proof=proof)


def link(invitation: Invitation, purpose: Purpose = Purpose.EMAILED) -> Proof:
    return Proof(invitation.pk, invitation.generation, purpose)


@pytest.fixture
def invitation(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(
        organization=organization, email=ADDRESS, inviter=owner, role_id=EDITOR_ROLE, permissions=[MANAGE_BILLING]
    )


class TestJoining:
    def test_the_person_becomes_a_member_with_what_was_offered(
        self, organization: Organization, owner: User, invitee: User
    ):
        unit = UnitFactory.create(organization=organization)
        invitation = InvitationFactory.create(
            organization=organization,
            email=ADDRESS,
            inviter=owner,
            role_id=EDITOR_ROLE,
            permissions=[MANAGE_BILLING],
            unit=unit,
            unit_role_id=UNIT_EDITOR_ROLE,
        )
        start = timezone.now()
        with track_changes() as changes:
            answer = say_yes(invitee, invitation)
        assert changes.tables == {
            "invitations.Invitation": (0, 1, 0),
            "invitations.Email": (1, 0, 0),
            "orgs.Membership": (1, 0, 0),
            "orgs.RoleAssignment": (2, 0, 0),
        }
        membership = membership_of(invitee, organization)
        assert changes.events == [
            event(
                "membership.created",
                membership,
                invitee,
                organization,
                user_id=invitee.pk,
                role_id=EDITOR_ROLE,
                permissions=[MANAGE_BILLING],
                unit_id=unit.pk,
                unit_role_id=UNIT_EDITOR_ROLE,
            ),
            event(
                "invitation.accepted",
                invitation,
                invitee,
                organization,
                was_member=False,
                given=["role", "permissions", "unit_role"],
            ),
        ]
        assert (answer.membership, answer.was_member) == (membership, False)
        assert membership.permissions == [MANAGE_BILLING]
        assert set(membership.assignments.values_list("unit", "role")) == {
            (None, EDITOR_ROLE),
            (unit.pk, UNIT_EDITOR_ROLE),
        }
        row = Invitation.objects.get(pk=invitation.pk)
        assert (row.status, row.answered_by_id, answer.invitation.status) == ("accepted", invitee.pk, "accepted")
        assert row.finished_at is not None
        assert start <= row.finished_at <= timezone.now()

    def test_the_inviter_is_notified(self, owner: User, invitee: User, invitation: Invitation):
        say_yes(invitee, invitation)
        assert list(Email.objects.values_list("kind", "recipient")) == [("answered", "owner@example.com")]

    def test_what_the_row_says_now_counts_and_not_what_it_said_when_it_was_emailed(
        self, owner: User, invitee: User, invitation: Invitation
    ):
        proof = link(invitation)
        update_invitation(
            by=session_of(owner),
            organization_id=invitation.organization_id,
            invitation_id=invitation.pk,
            role_id=VIEWER_ROLE,
            permissions=frozenset(),
        )
        say_yes(invitee, invitation, proof)
        assert membership_of(invitee, invitation.organization).effective_permissions == {LIST_PROJECTS}

    def test_an_owner_can_be_invited(self, organization: Organization, owner: User, invitee: User):
        say_yes(
            invitee,
            InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=OWNER_ROLE),
        )
        assert role_id_of(invitee, organization) == OWNER_ROLE

    def test_other_invitations_to_the_person_stay_open(
        self, other_organization: Organization, stranger: User, invitee: User, invitation: Invitation
    ):
        other = InvitationFactory.create(organization=other_organization, email=ADDRESS, inviter=stranger)
        say_yes(invitee, invitation)
        assert list(Invitation.objects.open()) == [other]

    @pytest.mark.parametrize("method", [Method.SESSION, Method.JWT, Method.OAUTH2])
    def test_any_way_of_signing_in_as_a_person_will_do(self, invitee: User, invitation: Invitation, method: Method):
        assert say_yes(Principal(user=invitee, method=method), invitation).membership is not None


class TestWhoMay:
    def test_any_proven_address_of_the_person_will_do(self, member: User, stranger: User, invitation: Invitation):
        EmailAddressFactory.create(user=stranger, email=ADDRESS)
        assert say_yes(stranger, invitation).membership == membership_of(stranger, invitation.organization)

    def test_without_a_link_the_invitation_of_somebody_else_is_unknown(self, stranger: User, invitation: Invitation):
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            say_yes(stranger, invitation)
        assert changes.nothing

    @pytest.mark.parametrize("purpose", PAGE_PURPOSES)
    def test_with_a_link_the_refusal_says_what_is_wrong(self, stranger: User, invitation: Invitation, purpose: Purpose):
        with track_changes() as changes, pytest.raises(NotYours):
            say_yes(stranger, invitation, link(invitation, purpose))
        assert changes.nothing
        EmailAddressFactory.create(user=stranger, email=ADDRESS, verified=False)
        with track_changes() as changes, pytest.raises(AddressNotVerified):
            say_yes(stranger, invitation, link(invitation, purpose))
        assert changes.nothing

    def test_a_link_to_another_invitation_is_none_to_this_one(
        self, organization: Organization, owner: User, invitee: User, invitation: Invitation
    ):
        other = InvitationFactory.create(organization=organization, email="other@example.com", inviter=owner)
        with track_changes() as changes, pytest.raises(InvitationNotFound):
            say_yes(invitee, invitation, link(other))
        assert changes.nothing

    def test_system_users_staff_and_signed_out_people_cannot(
        self, organization: Organization, invitee: User, invitation: Invitation, staff_member: User, by_staff: Principal
    ):
        EmailAddressFactory.create(user=staff_member, email="staff2@example.com")
        for by in (
            Principal(user=invitee, method=Method.API_KEY),
            Principal(user=invitee, method=Method.STAFF),
            Principal(
                user=MembershipFactory.create(organization=organization, of_system_user=True).user, method=Method.OAUTH2
            ),
            by_staff,
            LINK_HOLDER,
            SERVICE,
        ):
            for proof in (None, link(invitation)):
                with track_changes() as changes, pytest.raises(PersonRequired):
                    say_yes(by, invitation, proof)
                assert changes.nothing

    def test_a_deactivated_or_deleted_account_cannot_accept(self, invitee: User, invitation: Invitation):
        by = session_of(invitee)
        User.objects.filter(pk=invitee.pk).update(is_active=False)
        with track_changes() as changes, pytest.raises(AccountEnded):
            say_yes(by, invitation)
        assert changes.nothing

    def test_an_unknown_one_is_unknown(self, invitee: User, owner: User):
        with pytest.raises(InvitationNotFound):
            accept(by=session_of(invitee), invitation_id=owner.pk)

    def test_one_to_an_archived_organization_is_unknown(self, invitee: User, invitation: Invitation):
        Organization.objects.update(deleted_at=timezone.now())
        for proof in (None, link(invitation)):
            with track_changes() as changes, pytest.raises(InvitationNotFound):
                say_yes(invitee, invitation, proof)
            assert changes.nothing


class TestOnlyOnce:
    @pytest.mark.parametrize("proven", [False, True])
    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"accepted": True}, InvitationAccepted),
            ({"declined": True}, InvitationDeclined),
            ({"cancelled": True}, InvitationCancelled),
            ({"expired": True}, InvitationExpired),
            ({"undeliverable": True}, InvitationUndeliverable),
            ({"status": "processing"}, InvitationWaits),
            ({"overdue": True}, InvitationExpired),
        ],
    )
    def test_an_invitation_that_is_not_open_returns_its_state(
        self, organization: Organization, owner: User, invitee: User, values: dict, refusal: type, proven: bool
    ):
        invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, **values)
        with track_changes() as changes, pytest.raises(refusal):
            say_yes(invitee, invitation, link(invitation) if proven else None)
        assert changes.nothing

    def test_a_second_click_changes_nothing(self, invitee: User, invitation: Invitation):
        say_yes(invitee, invitation)
        with track_changes() as changes, pytest.raises(InvitationAccepted):
            say_yes(invitee, invitation, link(invitation))
        assert changes.nothing

    def test_a_removed_member_does_not_come_back_by_the_same_link(
        self, organization: Organization, invitee: User, invitation: Invitation
    ):
        say_yes(invitee, invitation)
        membership_of(invitee, organization).delete()
        with track_changes() as changes, pytest.raises(InvitationAccepted):
            say_yes(invitee, invitation, link(invitation))
        assert changes.nothing

    def test_an_older_link_says_that_a_newer_email_was_sent(
        self, organization: Organization, owner: User, invitee: User, invitation: Invitation
    ):
        resend(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
        with track_changes() as changes, pytest.raises(NewerEmailSent):
            say_yes(invitee, invitation, link(invitation))
        assert changes.nothing
        cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
        with pytest.raises(InvitationCancelled):
            say_yes(invitee, invitation, link(invitation))

    def test_a_superseded_one_says_so(
        self, organization: Organization, owner: User, invitee: User, invitation: Invitation
    ):
        invite(
            by=session_of(owner),
            organization_id=organization.pk,
            email=normalize_address(ADDRESS),
            role_id=VIEWER_ROLE,
            force=True,
        )
        with track_changes() as changes, pytest.raises(InvitationSuperseded):
            say_yes(invitee, invitation, link(invitation))
        assert changes.nothing


class TestAMemberAlready:
    """A member gets what the invitation adds, and loses nothing."""

    @pytest.fixture
    def rooms(self, organization: Organization) -> list[Unit]:
        return [UnitFactory.create(organization=organization, name=name) for name in ("Red Room", "Blue Room")]

    @pytest.fixture
    def into(self, organization: Organization, owner: User) -> Callable[..., Invitation]:
        def invite_into(unit: Unit | None = None, **values: Any) -> Invitation:
            rows = {"unit": unit, "unit_role_id": UNIT_EDITOR_ROLE} if unit else {}
            defaults = {"email": ADDRESS, "role_id": UNASSIGNED_ROLE}
            return InvitationFactory.create(organization=organization, inviter=owner, **{**defaults, **rows, **values})

        return invite_into

    def test_two_invitations_into_two_units_give_a_role_in_both(
        self, organization: Organization, invitee: User, rooms: list[Unit], into: Callable[..., Invitation]
    ):
        red, blue = into(rooms[0]), into(rooms[1])
        say_yes(invitee, red)
        membership = membership_of(invitee, organization)
        with track_changes() as changes:
            answer = say_yes(invitee, blue)
        assert changes.tables == {
            "orgs.RoleAssignment": (1, 0, 0),
            "invitations.Invitation": (0, 1, 0),
            "invitations.Email": (1, 0, 0),
        }
        assert changes.events == [
            event(
                "membership.unit_role_assigned",
                membership,
                invitee,
                organization,
                unit_id=rooms[1].pk,
                role_id=UNIT_EDITOR_ROLE,
            ),
            event("invitation.accepted", blue, invitee, organization, was_member=True, given=["unit_role"]),
        ]
        assert (answer.membership, answer.was_member, answer.invitation.given) == (membership, True, ["unit_role"])
        assert {(a.unit, a.role_id) for a in membership_of(invitee, organization).assignments.all()} == {
            (None, UNASSIGNED_ROLE),
            (rooms[0], UNIT_EDITOR_ROLE),
            (rooms[1], UNIT_EDITOR_ROLE),
        }

    @pytest.mark.parametrize(
        ("held", "offered", "after", "given"),
        [
            (UNASSIGNED_ROLE, EDITOR_ROLE, EDITOR_ROLE, ["role"]),
            (VIEWER_ROLE, OWNER_ROLE, OWNER_ROLE, ["role"]),
            (ADMIN_ROLE, VIEWER_ROLE, ADMIN_ROLE, []),
            (EDITOR_ROLE, EDITOR_ROLE, EDITOR_ROLE, []),
        ],
    )
    def test_a_role_replaces_only_a_role_with_fewer_permissions(
        self,
        organization: Organization,
        invitee: User,
        into: Callable[..., Invitation],
        held: UUID,
        offered: UUID,
        after: UUID,
        given: list[str],
    ):
        MembershipFactory.create(
            organization=organization, user=invitee, role_id=held, permissions=["organization:manage_plans"]
        )
        answer = say_yes(invitee, into(role_id=offered))
        membership = membership_of(invitee, organization)
        assert (membership.organization_role.pk, answer.invitation.given) == (after, given)
        assert membership.permissions == ["organization:manage_plans"]

    def test_roles_that_cannot_be_compared_do_not_replace_each_other(
        self, organization: Organization, invitee: User, into: Callable[..., Invitation]
    ):
        billing = RoleFactory.create(organization=organization, name="Billing", permissions=[MANAGE_BILLING])
        MembershipFactory.create(organization=organization, user=invitee, role_id=billing.pk)
        assert say_yes(invitee, into(role_id=VIEWER_ROLE)).invitation.given == []
        assert role_id_of(invitee, organization) == billing.pk

    def test_direct_permissions_are_added(
        self, organization: Organization, invitee: User, into: Callable[..., Invitation]
    ):
        MembershipFactory.create(
            organization=organization, user=invitee, role_id=EDITOR_ROLE, permissions=["organization:manage_plans"]
        )
        answer = say_yes(invitee, into(role_id=VIEWER_ROLE, permissions=[MANAGE_BILLING, LIST_PROJECTS]))
        membership = membership_of(invitee, organization)
        assert answer.invitation.given == ["permissions"]
        assert set(membership.permissions) == {MANAGE_BILLING, LIST_PROJECTS, "organization:manage_plans"}
        assert membership.organization_role.pk == EDITOR_ROLE

    @pytest.mark.parametrize(
        ("held", "after"),
        [(UNIT_VIEWER_ROLE, UNIT_EDITOR_ROLE), (UNIT_ADMIN_ROLE, UNIT_ADMIN_ROLE)],
    )
    def test_a_role_in_the_unit_is_never_lowered(
        self,
        organization: Organization,
        invitee: User,
        rooms: list[Unit],
        into: Callable[..., Invitation],
        held: UUID,
        after: UUID,
    ):
        membership = MembershipFactory.create(organization=organization, user=invitee)
        membership.assignments.create(unit=rooms[0], role_id=held)
        say_yes(invitee, into(rooms[0]))
        assert membership_of(invitee, organization).assignment_in(rooms[0].pk).role_id == after

    def test_no_seat_is_needed(self, organization: Organization, invitee: User, rooms: list[Unit], into: Callable):
        MembershipFactory.create(organization=organization, user=invitee)
        Organization.objects.update(seat_limit=1)
        assert say_yes(invitee, into(rooms[0])).invitation.given == ["unit_role"]

    def test_the_inviter_must_still_have_what_is_added(
        self, organization: Organization, owner: User, invitee: User, rooms: list[Unit], into: Callable[..., Invitation]
    ):
        MembershipFactory.create(organization=organization, user=invitee, role_id=EDITOR_ROLE)
        adds, adds_nothing = into(rooms[0]), into(role_id=VIEWER_ROLE)
        membership_of(owner, organization).assignments.update(role_id=VIEWER_ROLE)
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, adds)
        assert changes.nothing
        assert say_yes(invitee, adds_nothing).invitation.given == []

    def test_invitations_that_have_nothing_left_to_give_are_closed(
        self,
        organization: Organization,
        other_organization: Organization,
        owner: User,
        invitee: User,
        rooms: list[Unit],
        into: Callable[..., Invitation],
    ):
        EmailAddressFactory.create(user=invitee, email="second@example.com")
        accepted = into(rooms[0], role_id=EDITOR_ROLE)
        pointless = [into(role_id=VIEWER_ROLE), into(rooms[0], email="second@example.com")]
        open_still = [
            into(rooms[1]),
            into(role_id=ADMIN_ROLE, email="second@example.com"),
            InvitationFactory.create(organization=other_organization, email=ADDRESS, inviter=owner),
            into(email="somebody@example.com"),
        ]
        with track_changes() as changes:
            say_yes(invitee, accepted)
        closed = [event("invitation.cancelled", row, invitee, organization, reason="not_needed") for row in pointless]
        assert sorted(changes.events[2:]) == sorted(closed)
        assert set(Invitation.objects.open()) == set(open_still)
        for row in pointless:
            with pytest.raises(InvitationNotNeeded):
                say_yes(invitee, row)

    def test_one_that_waits_is_closed_also_if_its_address_is_no_longer_verified(
        self, organization: Organization, owner: User, invitee: User, into: Callable[..., Invitation]
    ):
        waiting = InvitationFactory.create(organization=organization, inviter=owner, invitee=invitee, waiting=True)
        Invitation.objects.filter(pk=waiting.pk).update(email="former@example.com")
        say_yes(invitee, into(role_id=EDITOR_ROLE))
        waiting.refresh_from_db()
        assert (waiting.status, waiting.given) == ("cancelled", [])


@pytest.mark.parametrize("answer", [accept, decline])
@pytest.mark.parametrize("with_link", [False, True])
def test_a_session_that_has_ended_answers_nothing(
    invitee: User, invitation: Invitation, answer: Callable[..., object], with_link: bool
):
    by = replace(session_of(invitee), session_key="ended")
    with track_changes() as changes, pytest.raises(Unauthenticated):
        answer(by=by, invitation_id=invitation.pk, proof=link(invitation) if with_link else None)
    assert changes.nothing


class TestRightsOfTheInviter:
    """The rights of the inviter are checked again at acceptance."""

    @pytest.mark.parametrize("fall", ["left", "demoted", "deactivated", "erased"])
    def test_an_inviter_who_could_no_longer_grant_it_blocks_it(
        self, organization: Organization, admin: User, invitee: User, fall: str
    ):
        invitation = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=admin, role_id=EDITOR_ROLE
        )
        match fall:
            case "left":
                membership_of(admin, organization).delete()
            case "demoted":
                membership_of(admin, organization).assignments.update(role_id=EDITOR_ROLE)
            case "deactivated":
                User.objects.filter(pk=admin.pk).update(is_active=False)
            case "erased":
                admin.delete()
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, invitation)
        assert changes.nothing

    def test_an_inviter_with_fewer_rights_can_still_grant_what_they_have(
        self, organization: Organization, owner: User, admin: User, invitee: User
    ):
        membership_of(owner, organization).assignments.update(role_id=ADMIN_ROLE)
        membership_of(admin, organization).assignments.update(role_id=OWNER_ROLE)
        owning = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, role_id=OWNER_ROLE)
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, owning)
        assert changes.nothing
        Invitation.objects.update(role_id=ADMIN_ROLE)
        assert say_yes(invitee, owning).membership is not None

    def test_a_role_that_grew_beyond_the_inviter_is_not_given(
        self, organization: Organization, member: User, invitee: User
    ):
        role = RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])
        organization.memberships.filter(user=member).update(permissions=["organization:manage_members"])
        invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=member, role=role)
        Role.objects.filter(pk=role.pk).update(permissions=[LIST_PROJECTS, MANAGE_BILLING])
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, invitation)
        assert changes.nothing

    def test_after_somebody_else_resent_it_their_rights_count(
        self, organization: Organization, owner: User, admin: User, invitee: User
    ):
        invitation = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=admin, role_id=EDITOR_ROLE
        )
        membership_of(admin, organization).delete()
        resend(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)
        assert say_yes(invitee, invitation).membership is not None


class TestReferences:
    """Roles and units of other organizations are never granted, even if the invitation row refers to them."""

    @pytest.mark.parametrize("foreign", ["role", "role of units", "unit", "unit role", "permission"])
    def test_what_is_not_this_organizations_is_not_given(
        self, organization: Organization, other_organization: Organization, owner: User, invitee: User, foreign: str
    ):
        rows: dict[str, dict[str, Any]] = {
            "role": {"role": RoleFactory.create(organization=other_organization, name="Helper")},
            "role of units": {"role_id": UNIT_VIEWER_ROLE},
            "unit": {"unit": UnitFactory.create(organization=other_organization), "unit_role_id": UNIT_VIEWER_ROLE},
            "unit role": {
                "unit": UnitFactory.create(organization=organization),
                "unit_role": RoleFactory.create(organization=other_organization, name="Host", level="unit"),
            },
            "permission": {"permissions": ["organization:own"]},
        }
        invitation = InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner, **rows[foreign])
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, invitation)
        assert changes.nothing


class TestSeats:
    def test_the_reserved_seat_is_taken(self, organization: Organization, owner: User, invitee: User):
        Organization.objects.update(seat_limit=4)
        say_yes(invitee, InvitationFactory.create(organization=organization, email=ADDRESS, inviter=owner))
        assert organization.memberships.count() == 4

    def test_where_the_limit_was_lowered_the_acceptance_waits(
        self, organization: Organization, owner: User, invitee: User, invitation: Invitation
    ):
        Organization.objects.update(seat_limit=3)
        with track_changes() as changes:
            answer = say_yes(invitee, invitation)
        assert changes.tables == {"invitations.Invitation": (0, 1, 0)}
        assert changes.events == [event("invitation.waits_for_seat", invitation, invitee, organization)]
        row = Invitation.objects.get(pk=invitation.pk)
        assert (answer.membership, answer.was_member) == (None, False)
        assert (row.status, row.answered_by_id, row.finished_at) == ("processing", invitee.pk, None)
        assert not RoleAssignment.objects.filter(membership__user=invitee).exists()
        with track_changes() as changes, pytest.raises(InvitationWaits):
            say_yes(invitee, invitation)
        assert changes.nothing

    def test_an_inviter_who_cannot_grant_it_blocks_waiting_too(
        self, organization: Organization, admin: User, invitee: User
    ):
        Organization.objects.update(seat_limit=3)
        invitation = InvitationFactory.create(
            organization=organization, email=ADDRESS, inviter=admin, role_id=OWNER_ROLE
        )
        with track_changes() as changes, pytest.raises(InviterCannotGrant):
            say_yes(invitee, invitation)
        assert changes.nothing
