"""People can leave an organization, except its last owner."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.members import LastOwner, leave_organization
from orgs.locks import OrganizationNotFound
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE
from orgs.policies import PersonRequired
from tests.factories import MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


def test_a_member_needs_no_permission_to_leave(organization: Organization, member: User):
    membership = membership_of(member, organization)
    with track_changes() as changes:
        leave_organization(by=session_of(member), organization_id=organization.pk)
    assert changes.tables == {"orgs.Membership": (0, 0, 1), "orgs.RoleAssignment": (0, 0, 1)}
    assert changes.events == [event("membership.left", membership, member, organization, user_id=member.pk)]


def test_a_former_member_is_a_non_member(organization: Organization, member: User):
    leave_organization(by=session_of(member), organization_id=organization.pk)
    with track_changes() as changes, pytest.raises(OrganizationNotFound):
        leave_organization(by=session_of(member), organization_id=organization.pk)
    assert changes.nothing


def test_the_last_owner_cannot_leave(organization: Organization, owner: User):
    with track_changes() as changes, pytest.raises(LastOwner):
        leave_organization(by=session_of(owner), organization_id=organization.pk)
    assert changes.nothing


def test_one_of_two_owners_can_leave(organization: Organization, owner: User, admin: User):
    membership_of(admin, organization).assignments.update(role_id=OWNER_ROLE)
    leave_organization(by=session_of(owner), organization_id=organization.pk)
    assert not Membership.objects.filter(user=owner).exists()
    with pytest.raises(LastOwner):
        leave_organization(by=session_of(admin), organization_id=organization.pk)


def test_system_users_and_personal_clients_cannot_leave(organization: Organization, member: User):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
    for by in (Principal(user=member, method=Method.API_KEY), Principal(user=system_user, method=Method.OAUTH2)):
        with track_changes() as changes, pytest.raises(PersonRequired):
            leave_organization(by=by, organization_id=organization.pk)
        assert changes.nothing


def test_a_credential_of_another_organization_cannot_leave(
    organization: Organization, other_organization: Organization, member: User
):
    bound = Principal(user=member, method=Method.OAUTH2, organization_id=other_organization.pk)
    with track_changes() as changes, pytest.raises(OrganizationNotFound):
        leave_organization(by=bound, organization_id=organization.pk)
    assert changes.nothing


def test_an_archived_organization_is_not_found(organization: Organization, member: User):
    Organization.objects.update(deleted_at=timezone.now())
    with pytest.raises(OrganizationNotFound):
        leave_organization(by=session_of(member), organization_id=organization.pk)
