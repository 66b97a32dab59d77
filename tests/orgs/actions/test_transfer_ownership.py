"""Transferring the ownership makes another person the owner and the caller an admin."""

import pytest

from accounts.models import User
from accounts.principals import Method, Principal
from core.errors import Unprocessable
from orgs.actions.members import leave_organization, transfer_ownership
from orgs.locks import OrganizationNotFound
from orgs.lookups import MemberNotFound
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN, ADMIN_ROLE, LIST_PROJECTS, MANAGE_BILLING, OWNER_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from orgs.policies import PermissionMissing, PersonRequired
from tests.factories import MembershipFactory, RoleAssignmentFactory, UnitFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


def transfer(by: User | Principal, organization: Organization, new_owner: User) -> Membership:
    return transfer_ownership(
        by=by if isinstance(by, Principal) else session_of(by),
        organization_id=organization.pk,
        membership_id=membership_of(new_owner, organization).pk,
    )


def test_the_new_owner_owns_and_the_former_owner_is_an_admin(organization: Organization, owner: User, member: User):
    unit = UnitFactory.create(organization=organization)
    RoleAssignmentFactory.create(membership=membership_of(member, organization), role_id=UNIT_VIEWER_ROLE, unit=unit)
    Membership.objects.filter(user=member).update(permissions=[MANAGE_BILLING])
    with track_changes() as changes:
        answer = transfer(owner, organization, member)
    assert changes.tables == {"orgs.Membership": (0, 2, 0), "orgs.RoleAssignment": (0, 2, 0)}
    assert [(told.kind, told.old, told.new) for told in changes.events] == [
        (
            "membership.roles_changed",
            {"role_id": str(VIEWER_ROLE), "permissions": [MANAGE_BILLING]},
            {"role_id": str(OWNER_ROLE), "permissions": []},
        ),
        ("membership.roles_changed", {"role_id": str(OWNER_ROLE)}, {"role_id": str(ADMIN_ROLE)}),
        ("organization.ownership_transferred", None, None),
    ]
    assert changes.events[-1] == event(
        "organization.ownership_transferred", organization, owner, organization, user_id=member.pk
    )
    assert (role_id_of(member, organization), role_id_of(owner, organization)) == (OWNER_ROLE, ADMIN_ROLE)
    assert answer.permissions == []
    assert answer.assignments.filter(unit=unit).get().role_id == UNIT_VIEWER_ROLE


def test_then_the_former_owner_can_leave(organization: Organization, owner: User, member: User):
    transfer(owner, organization, member)
    leave_organization(by=session_of(owner), organization_id=organization.pk)
    assert role_id_of(member, organization) == OWNER_ROLE


def test_transferring_to_a_second_owner_demotes_the_first(organization: Organization, owner: User, admin: User):
    membership_of(admin, organization).assignments.update(role_id=OWNER_ROLE)
    transfer(owner, organization, admin)
    assert (role_id_of(admin, organization), role_id_of(owner, organization)) == (OWNER_ROLE, ADMIN_ROLE)


@pytest.mark.parametrize("new_owner", ["oneself", "a system user", "a deactivated person"])
def test_only_another_active_person_can_be_the_new_owner(
    organization: Organization, owner: User, member: User, new_owner: str
):
    User.objects.filter(pk=member.pk).update(is_active=False)
    candidates = {
        "oneself": owner,
        "a system user": MembershipFactory.create(
            organization=organization, of_system_user=True, role_id=ADMIN_ROLE
        ).user,
        "a deactivated person": member,
    }
    with track_changes() as changes, pytest.raises(Unprocessable) as refusal:
        transfer(owner, organization, candidates[new_owner])
    assert refusal.value.fields == {"member_id": ["Name another active person."]}
    assert changes.nothing


def test_only_an_owner_in_person_may(
    organization: Organization, owner: User, admin: User, member: User, stranger: User, by_staff: Principal
):
    for by, refusal in (
        (session_of(admin), PermissionMissing),
        (session_of(stranger), OrganizationNotFound),
        (Principal(user=owner, method=Method.API_KEY), PersonRequired),
        (Principal(user=owner, method=Method.OAUTH2, permissions=frozenset({ADMIN, LIST_PROJECTS})), PermissionMissing),
        (by_staff, PersonRequired),
    ):
        with track_changes() as changes, pytest.raises(refusal):
            transfer(by, organization, member)
        assert changes.nothing


def test_a_member_of_another_organization_is_unknown(
    organization: Organization, other_organization: Organization, owner: User
):
    foreign = other_organization.memberships.get()
    with track_changes() as changes, pytest.raises(MemberNotFound):
        transfer_ownership(by=session_of(owner), organization_id=organization.pk, membership_id=foreign.pk)
    assert changes.nothing
