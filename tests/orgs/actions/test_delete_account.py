"""Deleting an account ends its memberships and prevents sign-in. No data is erased."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from orgs import policies
from orgs.actions.account_rights import AccountNotYours
from orgs.actions.accounts import delete_account
from orgs.actions.members import LastOwner
from orgs.locks import AccountEnded
from orgs.models import Membership, Organization, RoleAssignment
from orgs.permissions import LIST_PROJECTS, OWNER_ROLE, VIEWER_ROLE
from tests.factories import ApiKeyFactory, MembershipFactory, OrganizationFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


def test_a_person_leaves_everywhere_and_cannot_sign_in_again(
    member: User, organization: Organization, other_organization: Organization
):
    mine = membership_of(member, organization)
    elsewhere = MembershipFactory.create(organization=other_organization, user=member)
    ApiKeyFactory.create(membership=elsewhere, name="Nightly")
    start = timezone.now()
    with track_changes() as changes:
        delete_account(by=session_of(member), user=member)
    assert changes.tables == {
        "accounts.User": (0, 1, 0),
        "orgs.Membership": (0, 0, 2),
        "orgs.RoleAssignment": (0, 0, 2),
        "orgs.ApiKey": (0, 0, 1),
    }
    assert sorted(changes.events[:2]) == sorted(
        [
            event("membership.left", mine, member, organization, user_id=member.pk),
            event("membership.left", elsewhere, member, other_organization, user_id=member.pk),
        ]
    )
    assert changes.events[2:] == [event("user.deleted", member, member)]
    member.refresh_from_db()
    assert member.deleted_at is not None
    assert start <= member.deleted_at <= timezone.now()
    assert (member.is_active, member.email, member.first_name) == (False, "member@example.com", "Member")


def test_staff_may_do_it_for_a_person(member: User, staff_member: User, by_staff: Principal):
    with track_changes() as changes:
        delete_account(by=by_staff, user=member)
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [event("user.deleted", member, by_staff)]


def test_a_last_owner_cannot_be_deleted_and_keeps_all_memberships(
    owner: User, organization: Organization, other_organization: Organization
):
    MembershipFactory.create(organization=other_organization, user=owner)
    with track_changes() as changes, pytest.raises(LastOwner):
        delete_account(by=session_of(owner), user=owner)
    assert changes.nothing


def test_the_last_owner_of_an_archived_organization_cannot_be_deleted(owner: User):
    OrganizationFactory.create(slug="archived", owners=[owner], archived=True)
    with track_changes() as changes, pytest.raises(LastOwner):
        delete_account(by=session_of(owner), user=owner)
    assert changes.nothing


def test_one_of_several_owners_can_be_deleted(owner: User, member: User, organization: Organization):
    membership_of(member, organization).assignments.update(role_id=OWNER_ROLE)
    delete_account(by=session_of(owner), user=owner)
    assert not Membership.objects.filter(user=owner).exists()


def test_an_owner_who_is_not_active_does_not_count(owner: User, organization: Organization):
    MembershipFactory.create(
        organization=organization, user__email="gone@example.com", user__deactivated=True, role_id=OWNER_ROLE
    )
    with pytest.raises(LastOwner):
        delete_account(by=session_of(owner), user=owner)


def test_a_deleted_account_is_not_deleted_again(member: User, by_staff: Principal):
    delete_account(by=by_staff, user=member)
    with track_changes() as changes, pytest.raises(AccountEnded):
        delete_account(by=by_staff, user=member)
    assert changes.nothing


@pytest.mark.parametrize("method", [Method.API_KEY, Method.SERVICE, Method.LINK])
def test_a_personal_client_cannot_delete_its_owner(member: User, method: Method):
    with track_changes() as changes, pytest.raises(AccountNotYours):
        delete_account(by=Principal(user=member, method=method), user=member)
    assert changes.nothing


def test_other_people_cannot(member: User, stranger: User):
    with track_changes() as changes, pytest.raises(AccountNotYours):
        delete_account(by=session_of(stranger), user=member)
    assert changes.nothing


def test_a_limited_credential_cannot(member: User, organization: Organization):
    narrow = Principal(user=member, method=Method.OAUTH2, permissions=frozenset({LIST_PROJECTS}))
    bound = Principal(user=member, method=Method.OAUTH2, organization_id=organization.pk)
    for by in (narrow, bound):
        with track_changes() as changes, pytest.raises(AccountNotYours):
            delete_account(by=by, user=member)
        assert changes.nothing


def test_a_deleted_person_has_no_permissions(member: User, organization: Organization, by_staff: Principal):
    delete_account(by=by_staff, user=member)
    assert policies.find_membership(member, organization) is None
    assert policies.inviter_permissions(User.objects.get(pk=member.pk), organization) is None


def test_a_system_user_can_be_deleted_by_staff(organization: Organization, by_staff: Principal):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=VIEWER_ROLE).user
    delete_account(by=by_staff, user=system_user)
    system_user.refresh_from_db()
    assert (system_user.is_active, system_user.deleted_at is None) == (False, False)
    assert not RoleAssignment.objects.filter(membership__user=system_user).exists()
