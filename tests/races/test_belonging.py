"""Rules that involve several rows stay true under concurrent changes: owners, seats, addresses and accounts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction

from accounts.models import User
from accounts.principals import Method, Principal, staff
from core.addresses import normalize_address
from core.errors import Unauthenticated
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.inviting import invite
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited, InvitationNotFound
from orgs.actions.accounts import (
    AccountBusy,
    deactivate_account,
    delete_account,
    purge_account,
    register_system_user,
)
from orgs.actions.api_keys import authenticate, create_api_key, delete_api_key
from orgs.actions.members import (
    AlreadyMember,
    LastOwner,
    add_member,
    change_member_roles,
    leave_organization,
    remove_member,
    transfer_ownership,
)
from orgs.actions.organizations import create_organization, purge_organization
from orgs.actions.roles import RoleInUse, delete_role
from orgs.actions.saving import SlugTaken
from orgs.actions.units import UnitInUse, delete_unit
from orgs.locks import AccountEnded, OrganizationNotFound, lock_organization
from orgs.lookups import MemberNotFound, UnknownRole, UnknownUnit
from orgs.models import Membership, Organization, RoleAssignment
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from orgs.policies import GrantTooWide, PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.races.racing import PATIENCE, kinds, race, refusals, rounds, wait_until_somebody_waits
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db(transaction=True)

TRANSFERRED = ["membership.roles_changed", "membership.roles_changed", "organization.ownership_transferred"]

Somebody = Callable[[], User]
Founded = Callable[..., Organization]


@pytest.fixture
def by_staff(transactional_db: None) -> Principal:
    return staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.change_user")


def owners_of(organization: Organization) -> int:
    return RoleAssignment.objects.filter(membership__organization=organization, role_id=OWNER_ROLE).count()


class TestAnOwnerStays:
    """If both owners of an organization try to leave, one of them cannot."""

    def test_when_both_leave(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owners = somebody(), somebody()
            organization = founded(*owners)
            leave = [partial(leave_organization, by=session_of(o), organization_id=organization.pk) for o in owners]
            assert refusals(race(*leave)) == [LastOwner]
            assert (owners_of(organization), kinds(organization)) == (1, ["membership.left"])

    def test_when_each_removes_the_other(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            one, other = somebody(), somebody()
            organization = founded(one, other)
            remove = [
                partial(
                    remove_member,
                    by=session_of(by),
                    organization_id=organization.pk,
                    membership_id=membership_of(target, organization).pk,
                )
                for by, target in ((one, other), (other, one))
            ]
            assert refusals(race(*remove)) == [OrganizationNotFound]
            assert (owners_of(organization), kinds(organization)) == (1, ["membership.removed"])

    def test_when_each_demotes_the_other(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            one, other = somebody(), somebody()
            organization = founded(one, other)
            demote = [
                partial(
                    change_member_roles,
                    by=session_of(by),
                    organization_id=organization.pk,
                    membership_id=membership_of(target, organization).pk,
                    role_id=ADMIN_ROLE,
                )
                for by, target in ((one, other), (other, one))
            ]
            assert refusals(race(*demote)) == [GrantTooWide]
            assert (owners_of(organization), kinds(organization)) == (1, ["membership.roles_changed"])

    def test_when_both_delete_their_accounts(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owners = somebody(), somebody()
            organization = founded(*owners)
            assert refusals(race(*(partial(delete_account, by=session_of(o), user=o) for o in owners))) == [LastOwner]
            assert (owners_of(organization), kinds(organization)) == (1, ["membership.left"])
            assert User.objects.filter(pk__in=[o.pk for o in owners], is_active=True).count() == 1

    def test_when_both_are_deactivated(self, somebody: Somebody, founded: Founded, by_staff: Principal):
        """Deactivating always works, and the organization is flagged once."""
        for _ in rounds():
            owners = somebody(), somebody()
            organization = founded(*owners)
            stop = [partial(deactivate_account, by=by_staff, user=owner) for owner in owners]
            assert refusals(race(*stop)) == []
            assert kinds(organization) == ["organization.left_without_owner"]

    def test_when_one_leaves_and_the_other_is_deactivated(
        self, somebody: Somebody, founded: Founded, by_staff: Principal
    ):
        for _ in rounds():
            one, other = somebody(), somebody()
            organization = founded(one, other)
            outcomes = race(
                partial(leave_organization, by=session_of(one), organization_id=organization.pk),
                partial(deactivate_account, by=by_staff, user=other),
            )
            assert (refusals(outcomes), kinds(organization)) in [
                ([], ["membership.left", "organization.left_without_owner"]),
                ([LastOwner], []),
            ]

    def test_when_the_new_owner_leaves_during_the_transfer(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner, new_owner = somebody(), somebody()
            organization = founded(owner)
            membership = MembershipFactory.create(organization=organization, user=new_owner)
            outcomes = race(
                partial(
                    transfer_ownership,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    membership_id=membership.pk,
                ),
                partial(leave_organization, by=session_of(new_owner), organization_id=organization.pk),
            )
            assert owners_of(organization) == 1
            assert (refusals(outcomes), role_id_of(owner, organization), kinds(organization)) in [
                ([LastOwner], ADMIN_ROLE, TRANSFERRED),
                ([MemberNotFound], OWNER_ROLE, ["membership.left"]),
            ]

    def test_when_it_is_transferred_twice(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner, candidates = somebody(), (somebody(), somebody())
            organization = founded(owner)
            transfer = [
                partial(
                    transfer_ownership,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    membership_id=MembershipFactory.create(organization=organization, user=new_owner).pk,
                )
                for new_owner in candidates
            ]
            assert refusals(race(*transfer)) == [PermissionMissing]
            assert owners_of(organization) == 1
            assert kinds(organization) == TRANSFERRED


class TestOneOfEach:
    def test_two_managers_invite_one_address_once(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owners = somebody(), somebody()
            organization = founded(*owners)
            send = [
                partial(invite, by=session_of(by), organization_id=organization.pk, email=normalize_address(address))
                for by, address in zip(owners, ("invitee@example.com", "Invitee@EXAMPLE.com"), strict=True)
            ]
            assert refusals(race(*send)) == [AlreadyInvited]
            assert (organization.invitations.count(), kinds(organization)) == (1, ["invitation.created"])

    def test_two_forced_invitations_leave_one_open(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owners = somebody(), somebody()
            organization = founded(*owners)
            InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owners[0])
            send = partial(
                invite, organization_id=organization.pk, email=normalize_address("invitee@example.com"), force=True
            )
            assert refusals(race(*(partial(send, by=session_of(by)) for by in owners))) == []
            rows = list(organization.invitations.order_by("id"))
            assert [row.status for row in rows] == ["cancelled", "cancelled", "pending"]
            assert [row.superseded_by_id for row in rows] == [rows[1].pk, rows[2].pk, None]
            assert kinds(organization) == ["invitation.created", "invitation.superseded"] * 2

    def test_the_last_seat_is_offered_once(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner, seat_limit=3)
            InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner)
            send = [
                partial(
                    invite,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    email=normalize_address(f"{n}@example.com"),
                )
                for n in range(4)
            ]
            assert refusals(race(*send)) == [NoSeatLeft] * 3
            assert (organization.invitations.count(), kinds(organization)) == (2, ["invitation.created"])

    def test_the_last_seat_goes_to_an_address_or_to_a_system_user(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner, seat_limit=2)
            outcomes = race(
                partial(
                    invite,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    email=normalize_address("a@example.com"),
                ),
                partial(
                    register_system_user,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    name="Robot",
                    role_id=VIEWER_ROLE,
                ),
            )
            assert refusals(outcomes) == [NoSeatLeft]
            assert (organization.memberships.count(), organization.invitations.count(), kinds(organization)) in [
                (1, 1, ["invitation.created"]),
                (2, 0, ["user.registered", "membership.created"]),
            ]

    def test_nobody_is_added_twice(self, somebody: Somebody, founded: Founded, by_staff: Principal):
        for _ in rounds():
            owner, person = somebody(), somebody()
            organization = founded(owner)
            add = partial(add_member, by=by_staff, organization_id=organization.pk, user=person, role_id=VIEWER_ROLE)
            assert refusals(race(add, add)) == [AlreadyMember]
            assert Membership.objects.filter(user=person).count() == 1
            assert kinds(organization) == ["membership.created"]

    def test_a_slug_is_taken_once(self, somebody: Somebody):
        for number in rounds():
            found = partial(create_organization, name="Riverside", slug=f"riverside-{number}")
            outcomes = race(*(partial(found, by=session_of(person)) for person in (somebody(), somebody())))
            assert refusals(outcomes) == [SlugTaken]
            assert Organization.objects.filter(slug=f"riverside-{number}").count() == 1

    def test_a_role_is_offered_or_deleted(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner)
            role = RoleFactory.create(organization=organization, name="Helper")
            outcomes = race(
                partial(
                    invite,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    email=normalize_address("a@example.com"),
                    role_id=role.pk,
                ),
                partial(delete_role, by=session_of(owner), organization_id=organization.pk, role_id=role.pk),
            )
            assert (refusals(outcomes), kinds(organization)) in [
                ([RoleInUse], ["invitation.created"]),
                ([UnknownRole], ["role.deleted"]),
            ]

    def test_a_unit_is_offered_or_deleted(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner)
            unit = UnitFactory.create(organization=organization)
            outcomes = race(
                partial(
                    invite,
                    by=session_of(owner),
                    organization_id=organization.pk,
                    email=normalize_address("a@example.com"),
                    unit_id=unit.pk,
                    unit_role_id=UNIT_VIEWER_ROLE,
                ),
                partial(delete_unit, by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk),
            )
            assert (refusals(outcomes), kinds(organization)) in [
                ([UnitInUse], ["invitation.created"]),
                ([UnknownUnit], ["unit.deleted"]),
            ]


class TestEndings:
    def test_an_api_key_writes_nothing_after_it_was_deleted(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner)
            key, secret = create_api_key(by=session_of(owner), organization_id=organization.pk, name="Nightly")
            by_key = authenticate(secret)
            assert by_key is not None
            outcomes = race(
                partial(
                    invite,
                    by=by_key,
                    organization_id=organization.pk,
                    email=normalize_address("a@example.com"),
                ),
                partial(delete_api_key, by=session_of(owner), organization_id=organization.pk, key_id=key.pk),
            )
            assert (refusals(outcomes), kinds(organization)) in [
                ([], ["api_key.created", "invitation.created", "api_key.deleted"]),
                ([Unauthenticated], ["api_key.created", "api_key.deleted"]),
            ]

    def test_an_organization_is_purged_once(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner = somebody()
            organization = founded(owner)
            purge = partial(purge_organization, by=session_of(owner), organization_id=organization.pk)
            assert refusals(race(purge, purge)) == [OrganizationNotFound]
            assert kinds(organization) == ["organization.purged"]

    def test_an_account_is_erased_once(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            owner, person = somebody(), somebody()
            organization = founded(owner)
            MembershipFactory.create(organization=organization, user=person)
            key = person.pk
            purge = [partial(purge_account, by=session_of(p), user=p) for p in User.objects.filter(pk=key)] * 2
            assert refusals(race(*purge)) == [AccountEnded]
            told = Event.objects.filter(actor_id=key).order_by("id").values_list("kind", flat=True)
            assert list(told) == ["membership.left", "user.deleted", "user.purged"]

    def test_an_account_is_deleted_once(self, somebody: Somebody, founded: Founded):
        for _ in rounds():
            person = somebody()
            MembershipFactory.create(organization=founded(somebody()), user=person)
            delete = partial(delete_account, by=session_of(person), user=person)
            assert refusals(race(delete, delete)) == [AccountEnded]
            told = Event.objects.filter(actor_id=person.pk).order_by("id").values_list("kind", flat=True)
            assert list(told) == ["membership.left", "user.deleted"]

    @pytest.mark.parametrize("ending", [delete_account, purge_account])
    def test_an_account_that_ends_joins_no_organization(
        self, somebody: Somebody, founded: Founded, ending: Callable[..., None]
    ):
        """The account is deleted while it accepts an invitation to another organization, which has a separate lock."""
        for _ in rounds():
            owner, person = somebody(), somebody()
            MembershipFactory.create(organization=founded(owner), user=person)
            organization = founded(owner)
            invitation = InvitationFactory.create(organization=organization, invitee=person, inviter=owner)
            key, by = person.pk, Principal(user=User.objects.get(pk=person.pk), method=Method.SESSION)
            outcomes = race(
                partial(accept, by=by, invitation_id=invitation.pk), partial(ending, by=session_of(person), user=person)
            )
            ended = not User.objects.filter(pk=key, is_active=True).exists()
            assert refusals(outcomes) in ([], [AccountBusy], [AccountEnded], [InvitationNotFound])
            assert ended is (refusals(outcomes) != [AccountBusy])
            assert Membership.objects.filter(user_id=key).exists() is not ended
            if refusals(outcomes) == [AccountBusy]:
                assert set(organization.memberships.values_list("user_id", flat=True)) == {owner.pk, key}

    @pytest.mark.postgresql
    @pytest.mark.parametrize(("ending", "refused"), [(delete_account, [AccountBusy]), (purge_account, [])])
    def test_an_account_that_has_just_joined_is_not_deleted_partly(
        self, somebody: Somebody, founded: Founded, ending: Callable[..., None], refused: list[type]
    ):
        """The account joins an organization too late for the deletion to lock it. Purging locks all that invited it."""
        owner, person = somebody(), somebody()
        MembershipFactory.create(organization=founded(owner), user=person)
        invitation = InvitationFactory.create(organization=founded(owner), invitee=person, inviter=owner)
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                accept(by=session_of(person), invitation_id=invitation.pk)
                end = pool.submit(race, partial(ending, by=session_of(person), user=person))
                wait_until_somebody_waits()
            assert refusals(end.result(PATIENCE)) == refused
        assert Membership.objects.filter(user_id=person.pk).count() == (2 if refused else 0)

    @pytest.mark.postgresql
    def test_an_account_that_was_just_invited_is_not_purged_partly(self, somebody: Somebody, founded: Founded):
        """The invitation is too late for the purge to lock its organization, of which it would record an event."""
        owner, person = somebody(), somebody()
        organization, late = founded(owner), founded(owner)
        MembershipFactory.create(organization=organization, user=person)
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                lock_organization(organization.pk, by=session_of(owner))
                end = pool.submit(race, partial(purge_account, by=session_of(person), user=person))
                wait_until_somebody_waits()
                InvitationFactory.create(organization=late, invitee=person, inviter=owner)
            assert refusals(end.result(PATIENCE)) == [AccountBusy]
        assert Membership.objects.filter(user_id=person.pk, user__is_active=True).exists()
        assert kinds(late) == kinds(organization) == []

    def test_people_with_the_same_organizations_end_together_without_a_deadlock(
        self, somebody: Somebody, founded: Founded
    ):
        for _ in rounds():
            owner, people = somebody(), [somebody() for _ in range(4)]
            organizations = [founded(owner) for _ in range(4)]
            for number, person in enumerate(people):
                for organization in organizations if number % 2 else reversed(organizations):
                    MembershipFactory.create(organization=organization, user=person)
            assert refusals(race(*(partial(delete_account, by=session_of(p), user=p) for p in people))) == []
            assert Membership.objects.filter(user__in=people).count() == 0
            assert [o.memberships.count() for o in organizations] == [1] * 4
            assert Invitation.objects.count() == 0
