"""Seats: members and open invitations take seats, and staff set the limits."""

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Principal
from orgs.actions.organizations import set_daily_email_limit, set_open_invitation_limit, set_seat_limit
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import UNIT_VIEWER_ROLE
from orgs.policies import PermissionMissing
from orgs.seats import NoSeatLeft, members_fill_seats, require_seat, seats_taken
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import role_id_of, session_of

pytestmark = pytest.mark.django_db


class TestCounting:
    """The organization of these tests has three members."""

    def test_each_person_and_system_user_takes_one(self, organization: Organization):
        assert seats_taken(organization) == 3
        MembershipFactory.create(organization=organization, of_system_user=True)
        assert seats_taken(organization) == 4

    def test_an_address_with_several_invitations_takes_one(self, organization: Organization, owner: User):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        unit = UnitFactory.create(organization=organization)
        InvitationFactory.create(
            organization=organization,
            email="invitee@example.com",
            inviter=owner,
            unit=unit,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
        assert seats_taken(organization) == 4
        InvitationFactory.create(organization=organization, email="another@example.com", inviter=owner)
        assert seats_taken(organization) == 5

    @pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error"])
    def test_an_answered_invitation_takes_none(self, organization: Organization, owner: User, status: str):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, status=status)
        assert seats_taken(organization) == 3

    def test_an_overdue_invitation_takes_none_marked_or_not(self, organization: Organization, owner: User):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, overdue=True)
        assert seats_taken(organization) == 3

    def test_a_waiting_acceptance_takes_one_even_past_its_date(
        self, organization: Organization, owner: User, invitee: User
    ):
        InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True, overdue=True)
        assert seats_taken(organization) == 4

    def test_an_invitation_to_a_proven_address_of_a_member_takes_none(
        self, organization: Organization, owner: User, member: User
    ):
        InvitationFactory.create(organization=organization, email="work@example.com", inviter=owner)
        assert seats_taken(organization) == 4
        EmailAddressFactory.create(user=member, email="work@example.com", verified=False)
        assert seats_taken(organization) == 4
        EmailAddress.objects.filter(user=member).update(verified=True)
        assert seats_taken(organization) == 3

    def test_other_organizations_do_not_matter(
        self, organization: Organization, other_organization: Organization, stranger: User, invitee: User
    ):
        InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)
        MembershipFactory.create(organization=other_organization, user=invitee)
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=None)
        assert seats_taken(organization) == 4


class TestRequiring:
    def test_without_a_limit_there_is_always_one(self, organization: Organization):
        require_seat(organization)
        assert not members_fill_seats(organization)

    def test_up_to_the_limit_there_is_one(self, organization: Organization, owner: User):
        organization.seat_limit = 5
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        require_seat(organization)
        InvitationFactory.create(organization=organization, email="another@example.com", inviter=owner)
        with pytest.raises(NoSeatLeft) as refusal:
            require_seat(organization, "third@example.com")
        assert refusal.value.details == {"seat_limit": 5}

    def test_an_address_with_two_invitations_leaves_one(self, organization: Organization, owner: User):
        organization.seat_limit = 5
        unit = UnitFactory.create(organization=organization)
        for target in ({}, {"unit": unit, "unit_role_id": UNIT_VIEWER_ROLE}):
            InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, **target)
        require_seat(organization, "another@example.com")

    def test_a_reserved_seat_is_enough(self, organization: Organization, owner: User):
        organization.seat_limit = 4
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        require_seat(organization, "invitee@example.com")
        with pytest.raises(NoSeatLeft):
            require_seat(organization)

    def test_whether_members_alone_fill_all_seats(self, organization: Organization, owner: User):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        answers = {}
        for limit in (2, 3, 4):
            organization.seat_limit = limit
            answers[limit] = members_fill_seats(organization)
        assert answers == {2: True, 3: True, 4: False}


class TestSettingTheLimitOfOpenInvitations:
    def test_staff_set_it(self, organization: Organization, by_staff: Principal):
        with track_changes() as changes:
            set_open_invitation_limit(by=by_staff, organization_id=organization.pk, open_invitation_limit=500)
        assert changes.tables == {"orgs.Organization": (0, 1, 0)}
        kind = "organization.open_invitation_limit_set"
        assert changes.events == [event(kind, organization, by_staff, organization, open_invitation_limit=500)]
        organization.refresh_from_db()
        assert organization.open_invitation_limit == 500

    def test_others_cannot_set_it(self, organization: Organization, owner: User, stranger: User):
        for by, refusal in ((session_of(owner), PermissionMissing), (session_of(stranger), OrganizationNotFound)):
            with track_changes() as changes, pytest.raises(refusal):
                set_open_invitation_limit(by=by, organization_id=organization.pk, open_invitation_limit=None)
            assert changes.nothing

    @pytest.mark.parametrize("limit", [0, -1, 10**30])
    def test_invalid_limits_are_refused(self, organization: Organization, by_staff: Principal, limit: int):
        with track_changes() as changes, pytest.raises(ValidationError):
            set_open_invitation_limit(by=by_staff, organization_id=organization.pk, open_invitation_limit=limit)
        assert changes.nothing

    def test_zero_cannot_be_stored(self, organization: Organization):
        with pytest.raises(IntegrityError, match="open_invitation_limit_positive"), transaction.atomic():
            Organization.objects.update(open_invitation_limit=0)


class TestSettingTheSendingLimit:
    def test_staff_set_it_and_return_to_the_default(self, organization: Organization, by_staff: Principal):
        for limit in (500, None):
            with track_changes() as changes:
                set_daily_email_limit(by=by_staff, organization_id=organization.pk, daily_email_limit=limit)
            assert changes.tables == {"orgs.Organization": (0, 1, 0)}
            kind = "organization.daily_email_limit_set"
            assert changes.events == [event(kind, organization, by_staff, organization, daily_email_limit=limit)]
            organization.refresh_from_db()
            assert organization.daily_email_limit == limit

    def test_others_cannot_set_it(self, organization: Organization, owner: User, stranger: User):
        for by, refusal in ((session_of(owner), PermissionMissing), (session_of(stranger), OrganizationNotFound)):
            with track_changes() as changes, pytest.raises(refusal):
                set_daily_email_limit(by=by, organization_id=organization.pk, daily_email_limit=None)
            assert changes.nothing

    @pytest.mark.parametrize("limit", [0, -1, 10**30])
    def test_invalid_limits_are_refused(self, organization: Organization, by_staff: Principal, limit: int):
        with track_changes() as changes, pytest.raises(ValidationError):
            set_daily_email_limit(by=by_staff, organization_id=organization.pk, daily_email_limit=limit)
        assert changes.nothing

    def test_zero_cannot_be_stored(self, organization: Organization):
        with pytest.raises(IntegrityError, match="daily_email_limit_positive"), transaction.atomic():
            Organization.objects.update(daily_email_limit=0)


class TestSettingTheLimit:
    def test_staff_set_it(self, organization: Organization, by_staff: Principal):
        with track_changes() as changes:
            set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=5)
        assert changes.tables == {"orgs.Organization": (0, 1, 0)}
        assert changes.events == [
            event("organization.seat_limit_set", organization, by_staff, organization, seat_limit=5)
        ]
        organization.refresh_from_db()
        assert organization.seat_limit == 5

    def test_the_service_sets_it(self, organization: Organization):
        assert set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=5).seat_limit == 5

    def test_a_limit_below_the_members_removes_nobody(self, organization: Organization, by_staff: Principal):
        with track_changes() as changes:
            set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=1)
        assert changes.tables == {"orgs.Organization": (0, 1, 0)}

    def test_none_is_no_limit(self, organization: Organization, by_staff: Principal):
        Organization.objects.update(seat_limit=1)
        assert set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=None).seat_limit is None

    def test_added_seats_go_to_waiting_acceptances(
        self, organization: Organization, owner: User, invitee: User, stranger: User, by_staff: Principal
    ):
        Organization.objects.update(seat_limit=3)
        first = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
        second = InvitationFactory.create(organization=organization, invitee=stranger, inviter=owner, waiting=True)
        set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=4)
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, second.status) == ("accepted", "processing")
        assert role_id_of(invitee, organization) == first.role_id

    def test_in_an_archived_organization_the_limit_changes_and_nobody_enters(
        self, organization: Organization, owner: User, invitee: User, by_staff: Principal
    ):
        Organization.objects.update(seat_limit=3, deleted_at=timezone.now())
        InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
        with track_changes() as changes:
            set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=9)
        assert changes.tables == {"orgs.Organization": (0, 1, 0)}

    @pytest.mark.parametrize("limit", [0, -1, 10**30])
    def test_invalid_limits_are_refused(self, organization: Organization, by_staff: Principal, limit: int):
        with track_changes() as changes, pytest.raises(ValidationError) as refusal:
            set_seat_limit(by=by_staff, organization_id=organization.pk, seat_limit=limit)
        assert list(refusal.value.message_dict) == ["seat_limit"]
        assert changes.nothing

    def test_an_organization_cannot_set_its_own_limit(self, organization: Organization, owner: User, stranger: User):
        for by, refusal in ((session_of(owner), PermissionMissing), (session_of(stranger), OrganizationNotFound)):
            with track_changes() as changes, pytest.raises(refusal):
                set_seat_limit(by=by, organization_id=organization.pk, seat_limit=None)
            assert changes.nothing

    def test_zero_seats_cannot_be_stored(self, organization: Organization):
        with pytest.raises(IntegrityError, match="seat_limit_positive"), transaction.atomic():
            Organization.objects.update(seat_limit=0)
