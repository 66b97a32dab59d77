"""Staff deactivate and reactivate accounts. Memberships do not change."""

import pytest

from accounts.models import User
from accounts.principals import SERVICE, Principal
from orgs.actions.accounts import AccountNotYours, deactivate_account, delete_account, reactivate_account
from orgs.actions.members import LastOwner
from orgs.locks import AccountEnded, OrganizationNotFound, lock_organization
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db


def test_a_deactivated_person_keeps_the_memberships(organization: Organization, member: User, by_staff: Principal):
    with track_changes() as changes:
        deactivate_account(by=by_staff, user=member)
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [event("user.deactivated", member, by_staff)]
    member.refresh_from_db()
    assert (member.is_active, member.deleted_at) == (False, None)


def test_reactivating_undoes_it(organization: Organization, member: User, by_staff: Principal):
    deactivate_account(by=by_staff, user=member)
    with track_changes() as changes:
        reactivate_account(by=by_staff, user=member)
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [event("user.reactivated", member, by_staff)]
    member.refresh_from_db()
    assert member.is_active
    lock_organization(organization.pk, by=session_of(member))


def test_reactivating_a_deleted_account_does_not_bring_back_its_memberships(
    organization: Organization, member: User, by_staff: Principal
):
    delete_account(by=by_staff, user=member)
    reactivate_account(by=by_staff, user=member)
    member.refresh_from_db()
    assert (member.is_active, member.deleted_at) == (True, None)
    with pytest.raises(OrganizationNotFound):
        lock_organization(organization.pk, by=session_of(member))


@pytest.mark.parametrize("active", [True, False])
def test_repeating_changes_nothing(member: User, by_staff: Principal, active: bool):
    User.objects.filter(pk=member.pk).update(is_active=active)
    with track_changes() as changes:
        (reactivate_account if active else deactivate_account)(by=by_staff, user=member)
    assert changes.nothing


def test_a_last_owner_cannot_be_deactivated(organization: Organization, owner: User, admin: User, by_staff: Principal):
    with track_changes() as changes, pytest.raises(LastOwner):
        deactivate_account(by=by_staff, user=owner)
    assert changes.nothing
    membership_of(admin, organization).assignments.update(role_id=OWNER_ROLE)
    deactivate_account(by=by_staff, user=owner)
    assert role_id_of(owner, organization) == OWNER_ROLE
    with pytest.raises(LastOwner):
        deactivate_account(by=by_staff, user=admin)


@pytest.mark.parametrize("action", [deactivate_account, reactivate_account])
def test_only_staff_may(member: User, owner: User, action):
    for by in (session_of(member), session_of(owner), SERVICE):
        with track_changes() as changes, pytest.raises(AccountNotYours):
            action(by=by, user=member)
        assert changes.nothing


@pytest.mark.parametrize("action", [deactivate_account, reactivate_account])
def test_an_erased_account_cannot_be_changed(member: User, by_staff: Principal, action):
    erased = User.objects.get(pk=member.pk)
    member.delete()
    with track_changes() as changes, pytest.raises(AccountEnded):
        action(by=by_staff, user=erased)
    assert changes.nothing
