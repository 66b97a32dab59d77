"""Test invitees who wait for a seat: the first to accept gets the next seat, and blocked invitees are skipped."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from invitations.actions.maintenance import MAINTENANCE_TASKS, complete_acceptances
from invitations.actions.waiting import complete_waiting
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.accounts import delete_account
from orgs.actions.members import leave_organization, remove_member
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.factories import InvitationFactory, MembershipFactory, OrganizationFactory, UnitFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(organization: Organization) -> Organization:
    """An organization with three seats and three members."""
    Organization.objects.filter(pk=organization.pk).update(seat_limit=3)
    organization.refresh_from_db()
    return organization


def make_room(organization: Organization, seats: int) -> None:
    organization.seat_limit = organization.memberships.count() + seats
    organization.save()


def complete(organization: Organization) -> int:
    return complete_waiting(by=SERVICE, organization=organization)


def statuses(*invitations: Invitation) -> list[str]:
    return [Invitation.objects.get(pk=invitation.pk).status for invitation in invitations]


def test_a_freed_seat_makes_the_membership(full: Organization, owner: User, member: User, invitee: User):
    unit = UnitFactory.create(organization=full)
    waiting = InvitationFactory.create(
        organization=full,
        invitee=invitee,
        inviter=owner,
        waiting=True,
        role_id=EDITOR_ROLE,
        unit=unit,
        unit_role_id=UNIT_EDITOR_ROLE,
    )
    left = membership_of(member, full)
    with track_changes() as changes:
        leave_organization(by=session_of(member), organization_id=full.pk)
    membership = membership_of(invitee, full)
    assert changes.tables == {
        "orgs.Membership": (1, 0, 1),
        "orgs.RoleAssignment": (2, 0, 1),
        "invitations.Invitation": (0, 1, 0),
        "invitations.Email": (1, 0, 0),
    }
    assert changes.events == [
        event("membership.left", left, member, full, user_id=member.pk),
        event(
            "membership.created",
            membership,
            None,
            full,
            user_id=invitee.pk,
            role_id=EDITOR_ROLE,
            permissions=[],
            unit_id=unit.pk,
            unit_role_id=UNIT_EDITOR_ROLE,
        ),
        event("invitation.accepted", waiting, None, full, was_member=False, waited=True, given=["role", "unit_role"]),
    ]
    waiting.refresh_from_db()
    assert (waiting.status, waiting.answered_by_id) == ("accepted", invitee.pk)
    assert waiting.finished_at is not None
    assert list(Email.objects.values_list("kind", "recipient")) == [("answered", "owner@example.com")]


def test_without_a_free_seat_nothing_changes(full: Organization, owner: User, invitee: User):
    InvitationFactory.create(organization=full, invitee=invitee, inviter=owner, waiting=True)
    with track_changes() as changes:
        assert complete(full) == 0
    assert changes.nothing


def test_the_oldest_acceptance_gets_the_seat(full: Organization, owner: User):
    people = [UserFactory.create(email=f"waiting{number}@example.com") for number in range(4)]
    waiting = [
        InvitationFactory.create(organization=full, invitee=person, inviter=owner, waiting=True) for person in people
    ]
    for age, invitation in zip((1, 4, 3, 2), waiting, strict=True):
        Invitation.objects.filter(pk=invitation.pk).update(updated_at=timezone.now() - timedelta(hours=age))
    make_room(full, 2)
    assert complete(full) == 2
    assert statuses(*waiting) == ["processing", "accepted", "accepted", "processing"]


def test_its_date_no_longer_matters(full: Organization, owner: User, invitee: User):
    waiting = InvitationFactory.create(
        organization=full, invitee=invitee, inviter=owner, waiting=True, expires_in=timedelta(days=-100)
    )
    make_room(full, 1)
    complete(full)
    assert statuses(waiting) == ["accepted"]


def test_only_the_organization_itself_is_completed(
    full: Organization, other_organization: Organization, stranger: User, invitee: User
):
    Organization.objects.filter(pk=other_organization.pk).update(seat_limit=1)
    waiting = InvitationFactory.create(organization=other_organization, invitee=invitee, inviter=stranger, waiting=True)
    make_room(full, 5)
    complete(full)
    assert statuses(waiting) == ["processing"]


def test_nobody_enters_an_archived_organization(full: Organization, owner: User, invitee: User):
    waiting = InvitationFactory.create(organization=full, invitee=invitee, inviter=owner, waiting=True)
    make_room(full, 1)
    full.deleted_at = timezone.now()
    assert complete(full) == 0
    assert statuses(waiting) == ["processing"]


class TestBlockedInvitees:
    """Invitees who cannot join are skipped, and the next invitees join."""

    @pytest.fixture
    def behind(self, full: Organization, owner: User, stranger: User, first: Invitation) -> Invitation:
        return InvitationFactory.create(organization=full, invitee=stranger, inviter=owner, waiting=True)

    @pytest.fixture
    def first(self, full: Organization, admin: User, invitee: User) -> Invitation:
        return InvitationFactory.create(organization=full, invitee=invitee, inviter=admin, waiting=True)

    def test_where_the_inviter_could_not_offer_it_now_they_wait_on(
        self, full: Organization, owner: User, admin: User, first: Invitation, behind: Invitation
    ):
        remove_member(by=session_of(owner), organization_id=full.pk, membership_id=membership_of(admin, full).pk)
        assert statuses(first, behind) == ["processing", "accepted"]

    def test_a_deactivated_person_waits_on_and_can_still_come_in(
        self, full: Organization, invitee: User, first: Invitation, behind: Invitation
    ):
        User.objects.filter(pk=invitee.pk).update(is_active=False)
        make_room(full, 1)
        assert complete(full) == 1
        assert statuses(first, behind) == ["processing", "accepted"]
        User.objects.filter(pk=invitee.pk).update(is_active=True)
        make_room(full, 1)
        complete(full)
        assert statuses(first) == ["accepted"]

    @pytest.mark.parametrize("ending", ["deleted", "erased"])
    def test_who_was_deleted_or_erased_waits_no_more(
        self,
        full: Organization,
        invitee: User,
        first: Invitation,
        behind: Invitation,
        by_staff: Principal,
        ending: str,
    ):
        if ending == "deleted":
            delete_account(by=by_staff, user=invitee)
        else:
            invitee.delete()
        make_room(full, 1)
        with track_changes() as changes:
            assert complete(full) == 1
        assert statuses(first, behind) == ["cancelled", "accepted"]
        assert changes.events[0] == event("invitation.cancelled", first, None, full)

    def test_who_came_in_another_way_is_answered_and_takes_no_second_seat(
        self, full: Organization, invitee: User, first: Invitation, behind: Invitation
    ):
        MembershipFactory.create(organization=full, user=invitee, role_id=ADMIN_ROLE)
        make_room(full, 1)
        with track_changes() as changes:
            assert complete(full) == 2
        assert statuses(first, behind) == ["accepted", "accepted"]
        accepted = event("invitation.accepted", first, None, full, was_member=True, waited=True, given=[])
        assert changes.events[0] == accepted
        assert role_id_of(invitee, full) == ADMIN_ROLE


def test_all_invitations_that_a_person_accepted_are_completed_with_one_seat(
    full: Organization, owner: User, invitee: User
):
    units = [UnitFactory.create(organization=full) for _ in range(2)]
    waiting = [
        InvitationFactory.create(
            organization=full, invitee=invitee, inviter=owner, waiting=True, unit=unit, unit_role_id=UNIT_EDITOR_ROLE
        )
        for unit in units
    ]
    make_room(full, 1)
    assert complete(full) == 2
    assert statuses(*waiting) == ["accepted", "accepted"]
    assert [row.unit for row in membership_of(invitee, full).unit_assignments] == units


def test_several_organizations_give_their_seats_when_one_person_leaves_all(
    full: Organization, owner: User, member: User, invitee: User, stranger: User
):
    second = OrganizationFactory.create(slug="second", owners=[owner], seat_limit=2)
    MembershipFactory.create(organization=second, user=member)
    waiting = [
        InvitationFactory.create(organization=full, invitee=invitee, inviter=owner, waiting=True),
        InvitationFactory.create(organization=second, invitee=stranger, inviter=owner, waiting=True),
    ]
    delete_account(by=session_of(member), user=member)
    assert statuses(*waiting) == ["accepted", "accepted"]
    assert Membership.objects.filter(user__in=[invitee, stranger]).count() == 2


def test_an_open_invitation_does_not_take_the_seat_of_who_waits(
    full: Organization, owner: User, member: User, invitee: User
):
    """Waiting invitees get a seat before invitees who have not accepted yet."""
    InvitationFactory.create(organization=full, email="somebody@example.com", inviter=owner)
    waiting = InvitationFactory.create(organization=full, invitee=invitee, inviter=owner, waiting=True)
    leave_organization(by=session_of(member), organization_id=full.pk)
    assert statuses(waiting) == ["accepted"]


class TestMaintenance:
    """When an inviter regains their rights, no action runs that would fill a seat, so the worker checks regularly."""

    @pytest.fixture
    def waiting(self, full: Organization, admin: User, invitee: User) -> Invitation:
        waiting = InvitationFactory.create(organization=full, invitee=invitee, inviter=admin, waiting=True)
        make_room(full, 1)
        return waiting

    @pytest.mark.parametrize("who", ["admin", "invitee"])
    def test_who_was_inactive_and_is_active_again_is_not_forgotten(
        self, waiting: Invitation, request: pytest.FixtureRequest, who: str
    ):
        person = User.objects.filter(pk=request.getfixturevalue(who).pk)
        person.update(is_active=False)
        with track_changes() as changes:
            complete_acceptances()
        assert changes.nothing
        person.update(is_active=True)
        complete_acceptances()
        assert statuses(waiting) == ["accepted"]
        assert complete_acceptances in MAINTENANCE_TASKS

    def test_it_leaves_full_and_archived_organizations_alone(self, waiting: Invitation, full: Organization):
        make_room(full, 0)
        complete_acceptances()
        assert statuses(waiting) == ["processing"]
        make_room(full, 1)
        Organization.objects.filter(pk=full.pk).update(deleted_at=timezone.now())
        complete_acceptances()
        assert statuses(waiting) == ["processing"]

    def test_it_asks_once_where_nobody_waits(self, organization: Organization, owner: User):
        InvitationFactory.create(organization=organization, email="somebody@example.com", inviter=owner)
        with assert_queries(where_somebody_waits="SELECT orgs_organization"):
            complete_acceptances()
