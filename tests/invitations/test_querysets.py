"""Test the invitation querysets: open invitations, access, filters and loaded details."""

from itertools import chain, combinations
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal
from core.api.pagination import count_rows, rows_of_page
from invitations.api.filters import SentInvitationFilter
from invitations.models import Invitation
from invitations.querysets import inviter_roles
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import PermissionMissing
from tests.factories import (
    EmailAddressFactory,
    InvitationFactory,
    MembershipFactory,
    RoleFactory,
    UnitFactory,
    UserFactory,
)
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

FINISHED = ["accepted", "declined", "cancelled", "expired", "error"]


@pytest.fixture
def one_of_each(organization: Organization, owner: User) -> dict[str, Invitation]:
    """One invitation in each state, and an overdue invitation."""
    made = {status: make(organization, owner, status) for status in FINISHED}
    made["processing"] = make(organization, owner, "processing")
    made["late processing"] = make(organization, owner, "processing", overdue=True)
    made["open"] = make(organization, owner, "pending")
    made["overdue"] = make(organization, owner, "pending", overdue=True)
    return made


def make(organization: Organization, owner: User, status: str, **values: Any) -> Invitation:
    address = f"{status}{Invitation.objects.count()}@example.com"
    return InvitationFactory.create(organization=organization, email=address, inviter=owner, status=status, **values)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("open", {"open"}),
        ("overdue", {"overdue"}),
        ("waiting", {"processing", "late processing"}),
        ("unanswered", {"open", "overdue", "processing", "late processing"}),
        ("reserving_seats", {"open", "processing", "late processing"}),
    ],
)
def test_each_queryset_has_its_states(one_of_each: dict[str, Invitation], question: str, found: set[str]):
    rows = getattr(Invitation.objects, question)()
    assert {name for name, row in one_of_each.items() if row in rows} == found


def test_the_state_of_a_row_is_its_status_unless_its_date_has_passed(one_of_each: dict[str, Invitation]):
    rows = {row.pk: row for row in Invitation.objects.with_details()}
    states = {name: (rows[row.pk].state, rows[row.pk].is_open) for name, row in one_of_each.items()}
    assert states == {
        **{status: (status, False) for status in FINISHED},
        "processing": ("processing", False),
        "late processing": ("processing", False),
        "open": ("pending", True),
        "overdue": ("expired", False),
    }


def test_the_parts_of_several_states_have_each_row_once(one_of_each: dict[str, Invitation]):
    states = {row.pk: row.state for row in Invitation.objects.with_details()}
    for wanted in chain.from_iterable(combinations(Invitation.Status.values, size) for size in range(1, 8)):
        expected = sorted(pk for pk, state in states.items() if state in wanted)
        rows = Invitation.objects.in_states(wanted).order_by("id")
        assert [row.pk for row in rows] == expected
        assert sorted(row.pk for part in rows.parts or [rows] for row in part) == expected
        assert [row.pk for row in rows_of_page(rows, 1, 2)] == expected[1:3]
        assert count_rows(rows) == len(expected)
        assert count_rows(rows.filter(pk=one_of_each["open"].pk)) == (1 if "pending" in wanted else 0)


def test_counting_by_state_counts_what_is_overdue_as_expired(one_of_each: dict[str, Invitation]):
    assert Invitation.objects.count_by_state() == {
        "pending": 1,
        "processing": 2,
        "accepted": 1,
        "declined": 1,
        "cancelled": 1,
        "expired": 2,
        "error": 1,
    }


class TestTheInvitee:
    def test_sees_what_is_addressed_to_any_proven_address(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User, invitee: User
    ):
        EmailAddressFactory.create(user=invitee, email="second@example.com")
        EmailAddressFactory.create(user=invitee, email="unproven@example.com", verified=False)
        mine = [
            InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner),
            InvitationFactory.create(organization=other_organization, email="second@example.com", inviter=stranger),
        ]
        for address in ("unproven@example.com", "vitee@example.com", "invitee@example.com.test", "else@example.com"):
            InvitationFactory.create(organization=organization, email=address, inviter=owner)
        assert set(Invitation.objects.addressed_to(invitee)) == set(mine)
        assert not Invitation.objects.addressed_to(None).exists()

    def test_sees_none_of_an_archived_organization(self, organization: Organization, owner: User, invitee: User):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        Organization.objects.update(deleted_at=timezone.now())
        assert not Invitation.objects.addressed_to(invitee).exists()

    def test_can_leave_out_where_they_belong_already(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User, invitee: User
    ):
        MembershipFactory.create(organization=organization, user=invitee)
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        other = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)
        assert list(Invitation.objects.addressed_to(invitee).not_joined_by(invitee)) == [other]

    def test_each_organization_has_its_newest_invitation(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User, invitee: User
    ):
        unit = UnitFactory.create(organization=organization)
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
        newest = InvitationFactory.create(
            organization=organization,
            email="invitee@example.com",
            inviter=owner,
            unit=unit,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
        other = InvitationFactory.create(organization=other_organization, email="invitee@example.com", inviter=stranger)
        rows = Invitation.objects.addressed_to(invitee).open().newest_of_each_organization()
        assert set(rows) == {newest, other}


class TestTheOrganization:
    def test_managers_of_members_see_all_of_it(
        self,
        organization: Organization,
        other_organization: Organization,
        admin: User,
        stranger: User,
        by_staff: Principal,
    ):
        mine = InvitationFactory.create(organization=organization, email="one@example.com", inviter=admin)
        InvitationFactory.create(organization=other_organization, email="one@example.com", inviter=stranger)
        for by in (session_of(admin), by_staff, SERVICE):
            assert list(Invitation.objects.managed_in(organization, by)) == [mine]
            assert list(Invitation.objects.manageable_in(organization, by)) == [mine]

    def test_managers_of_a_unit_see_those_into_it(self, organization: Organization, owner: User, stranger: User):
        unit = UnitFactory.create(organization=organization)
        other = UnitFactory.create(organization=organization, slug="field-app", kind="application")
        MembershipFactory.create(
            organization=organization,
            user=stranger,
            role_id=UNASSIGNED_ROLE,
            unit_roles={unit: UNIT_ADMIN_ROLE, other: UNIT_VIEWER_ROLE},
        )
        InvitationFactory.create(organization=organization, email="one@example.com", inviter=owner)
        here = InvitationFactory.create(
            organization=organization, email="two@example.com", inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
        )
        InvitationFactory.create(
            organization=organization,
            email="three@example.com",
            inviter=owner,
            unit=other,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
        assert list(Invitation.objects.manageable_in(organization, session_of(stranger))) == [here]
        with pytest.raises(PermissionMissing):
            Invitation.objects.managed_in(organization, session_of(stranger))

    @pytest.mark.parametrize("scope", ["managed_in", "manageable_in"])
    def test_nobody_else_sees_any(
        self, organization: Organization, member: User, owner: User, stranger: User, scope: str
    ):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({LIST_PROJECTS}))
        for by, refusal in (
            (session_of(member), PermissionMissing),
            (narrow, PermissionMissing),
            (session_of(stranger), OrganizationNotFound),
            (LINK_HOLDER, OrganizationNotFound),
        ):
            with pytest.raises(refusal):
                getattr(Invitation.objects, scope)(organization, by)

    def test_a_scope_to_manage_members_suffices(self, organization: Organization, owner: User):
        narrow = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS}))
        assert not Invitation.objects.managed_in(organization, narrow).exists()

    def test_filters_are_exact_and_wildcards_are_literal(self, organization: Organization, owner: User, admin: User):
        role = RoleFactory.create(organization=organization, name="Helper")
        alice = InvitationFactory.create(organization=organization, email="alice@example.com", inviter=owner, role=role)
        InvitationFactory.create(organization=organization, email="ice@example.com", inviter=admin)

        def match(**sent: str) -> QuerySet[Invitation]:
            return SentInvitationFilter(sent, Invitation.objects.all()).qs

        assert list(match(email="Alice@Example.com")) == [alice]
        assert not match(email="al%@example.com").exists()
        assert not match(email="a_ice@example.com").exists()
        assert list(match(role=str(role.pk))) == [alice]
        assert list(match(invitedBy=str(owner.pk))) == [alice]
        assert match().count() == 2


class TestWhatARowShows:
    def test_a_list_takes_one_query_however_long_it_is(self, organization: Organization, owner: User):
        unit = UnitFactory.create(organization=organization)
        for number in range(5):
            InvitationFactory.create(
                organization=organization,
                email=f"{number}@example.com",
                inviter=owner,
                unit=unit,
                unit_role_id=UNIT_VIEWER_ROLE,
            )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            for row in Invitation.objects.with_details().with_member_count():
                shown = (row.organization.name, row.grant.role.name, row.unit, row.unit_role, row.inviter, row.state)
                assert all(shown)
                assert getattr(row, "member_count") == 3  # noqa: B009 - annotated
        assert len(queries) == 1

    def test_the_inviters_roles_are_those_they_have_now(
        self, organization: Organization, other_organization: Organization, owner: User, stranger: User
    ):
        gone = UserFactory.create(email="gone@example.com")
        MembershipFactory.create(organization=other_organization, user=owner, role_id=VIEWER_ROLE)
        rows = [
            InvitationFactory.create(organization=organization, email="one@example.com", inviter=owner),
            InvitationFactory.create(organization=organization, email="two@example.com", inviter=gone),
            InvitationFactory.create(organization=organization, email="three@example.com", inviter=None),
        ]
        with CaptureQueriesContext(connection) as queries:
            found = inviter_roles(rows)
        assert {user: [role.pk for role in roles] for user, roles in found.items()} == {owner.pk: [OWNER_ROLE]}
        assert len(queries) == 1
        membership_of(owner, organization).assignments.update(role_id=ADMIN_ROLE)
        assert [role.pk for role in inviter_roles(rows)[owner.pk]] == [ADMIN_ROLE]
        assert inviter_roles([]) == {}
