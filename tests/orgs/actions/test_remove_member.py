"""Removing members: callers need the member's administrative permissions. The last owner cannot be removed."""

import pytest

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.members import LastOwner, remove_member
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound
from orgs.models import Membership, Organization
from orgs.permissions import (
    ADMIN,
    ADMIN_ROLE,
    EDITOR_ROLE,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import GrantTooWide, PermissionMissing
from tests.factories import (
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    RoleAssignmentFactory,
    UnitFactory,
    UserFactory,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


def remove(by: User | Principal, user: User, organization: Organization) -> None:
    membership = membership_of(user, organization)
    by = by if isinstance(by, Principal) else session_of(by)
    remove_member(by=by, organization_id=organization.pk, membership_id=membership.pk)


def test_the_membership_ends_with_its_roles_and_keys(organization: Organization, admin: User, member: User):
    membership = membership_of(member, organization)
    RoleAssignmentFactory.create(
        membership=membership, role_id=UNIT_ADMIN_ROLE, unit=UnitFactory.create(organization=organization)
    )
    ApiKeyFactory.create(membership=membership, name="Nightly")
    with track_changes() as changes:
        remove(admin, member, organization)
    assert changes.tables == {
        "orgs.Membership": (0, 0, 1),
        "orgs.RoleAssignment": (0, 0, 2),
        "orgs.ApiKey": (0, 0, 1),
    }
    assert changes.events == [event("membership.removed", membership, admin, organization, user_id=member.pk)]


def test_the_person_stays_a_user_and_a_member_elsewhere(
    organization: Organization, other_organization: Organization, admin: User, member: User
):
    MembershipFactory.create(organization=other_organization, user=member)
    remove(admin, member, organization)
    member.refresh_from_db()
    assert member.is_active
    assert list(Membership.objects.filter(user=member).values_list("organization", flat=True)) == [
        other_organization.pk
    ]


def test_a_removed_system_user_is_deactivated(organization: Organization, admin: User):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    remove(admin, system_user, organization)
    system_user.refresh_from_db()
    assert not system_user.is_active


@pytest.mark.parametrize(
    ("role_id", "permissions", "in_a_unit"),
    [
        (OWNER_ROLE, [], False),
        (VIEWER_ROLE, [ADMIN], False),
        (VIEWER_ROLE, [MANAGE_BILLING], False),
        (VIEWER_ROLE, [], True),
    ],
)
def test_members_with_more_administrative_permissions_cannot_be_removed(
    organization: Organization, member: User, role_id, permissions: list[str], in_a_unit: bool
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    units = {UnitFactory.create(organization=organization): UNIT_ADMIN_ROLE} if in_a_unit else {}
    higher = UserFactory.create(email="higher@example.com")
    MembershipFactory.create(
        organization=organization, user=higher, role_id=role_id, permissions=permissions, unit_roles=units
    )
    with track_changes() as changes, pytest.raises(GrantTooWide):
        remove(member, higher, organization)
    assert changes.nothing


def test_an_admin_does_not_remove_an_owner(organization: Organization, admin: User, owner: User):
    with track_changes() as changes, pytest.raises(GrantTooWide) as refusal:
        remove(admin, owner, organization)
    assert refusal.value.details == {"missing_permissions": ["organization:own"]}
    assert changes.nothing


def test_members_with_the_same_permissions_can_remove_each_other(organization: Organization, admin: User, owner: User):
    second = UserFactory.create(email="second@example.com")
    MembershipFactory.create(organization=organization, user=second, role_id=ADMIN_ROLE)
    remove(admin, second, organization)
    third = UserFactory.create(email="third@example.com")
    MembershipFactory.create(organization=organization, user=third, role_id=OWNER_ROLE)
    remove(third, owner, organization)
    assert role_id_of(third, organization) == OWNER_ROLE


def test_nobody_can_remove_the_last_owner(organization: Organization, owner: User, by_staff: Principal):
    inactive = UserFactory.create(email="inactive@example.com", deactivated=True)
    MembershipFactory.create(organization=organization, user=inactive, role_id=OWNER_ROLE)
    for by in (session_of(owner), by_staff):
        with track_changes() as changes, pytest.raises(LastOwner):
            remove(by, owner, organization)
        assert changes.nothing


def test_owners_of_other_organizations_do_not_count(
    organization: Organization, other_organization: Organization, owner: User
):
    with pytest.raises(LastOwner):
        remove(owner, owner, organization)


def test_a_limited_credential_removes_less(organization: Organization, owner: User, admin: User, member: User):
    narrow = Principal(
        user=owner, method=Method.API_KEY, organization_id=organization.pk, permissions=frozenset({MANAGE_MEMBERS})
    )
    with track_changes() as changes, pytest.raises(GrantTooWide):
        remove(narrow, admin, organization)
    assert changes.nothing
    remove(narrow, member, organization)


def test_managers_of_members_can_remove_members_without_administrative_permissions(
    organization: Organization, member: User
):
    Membership.objects.filter(user=member).update(permissions=[MANAGE_MEMBERS])
    for name, role_id, units in (
        ("viewer", VIEWER_ROLE, {}),
        ("editor", EDITOR_ROLE, {UnitFactory.create(organization=organization): UNIT_EDITOR_ROLE}),
    ):
        person = UserFactory.create(email=f"{name}@example.com")
        MembershipFactory.create(organization=organization, user=person, role_id=role_id, unit_roles=units)
        remove(member, person, organization)
        assert not person.memberships.exists()


def test_the_freed_seat_goes_to_a_waiting_acceptance(
    organization: Organization, owner: User, member: User, invitee: User
):
    Organization.objects.update(seat_limit=3)
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
    remove(owner, member, organization)
    waiting.refresh_from_db()
    assert waiting.status == "accepted"
    assert role_id_of(invitee, organization) == waiting.role_id


def test_callers_without_the_permission_are_refused(
    organization: Organization, member: User, admin: User, stranger: User
):
    for by, refusal in ((member, PermissionMissing), (stranger, OrganizationNotFound)):
        with track_changes() as changes, pytest.raises(refusal):
            remove(by, admin, organization)
        assert changes.nothing


def test_a_member_of_another_organization_is_unknown(
    organization: Organization, other_organization: Organization, owner: User, stranger: User
):
    foreign = membership_of(stranger, other_organization)
    with track_changes() as changes, pytest.raises(MemberNotFound):
        remove_member(by=session_of(owner), organization_id=organization.pk, membership_id=foreign.pk)
    assert changes.nothing
