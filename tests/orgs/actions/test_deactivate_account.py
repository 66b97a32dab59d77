"""Staff deactivate and reactivate accounts. Memberships do not change."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import OAuthApplication, User
from accounts.oauth.tokens import issue_token, oauth_principal
from accounts.principals import SERVICE, Principal
from orgs.actions.account_rights import AccountNotYours
from orgs.actions.accounts import deactivate_account, delete_account, reactivate_account
from orgs.actions.api_keys import authenticate, create_api_key
from orgs.actions.members import LastOwner, change_member_roles, leave_organization, remove_member
from orgs.locks import AccountEnded, OrganizationNotFound, lock_organization
from orgs.models import ApiKey, Organization
from orgs.oauth.applications import register_service_client
from orgs.permissions import OWNER_ROLE
from tests.factories import ApiKeyFactory, MembershipFactory
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


@pytest.mark.parametrize("archived", [False, True])
def test_the_only_owner_can_be_deactivated_and_the_organization_is_flagged(
    organization: Organization, owner: User, by_staff: Principal, archived: bool
):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now() if archived else None)
    with track_changes() as changes:
        deactivate_account(by=by_staff, user=owner)
    assert changes.events == [
        event("user.deactivated", owner, by_staff),
        event("organization.left_without_owner", organization, by_staff, organization, user_id=owner.pk),
    ]
    assert role_id_of(owner, organization) == OWNER_ROLE
    assert not Organization.objects.with_active_owner().get(pk=organization.pk).has_active_owner

    with track_changes() as changes:
        reactivate_account(by=by_staff, user=owner)
    assert changes.events == [
        event("user.reactivated", owner, by_staff),
        event("organization.owner_returned", organization, by_staff, organization, user_id=owner.pk),
    ]
    assert Organization.objects.with_active_owner().get(pk=organization.pk).has_active_owner


def test_with_another_active_owner_no_organization_is_flagged(
    organization: Organization, owner: User, admin: User, by_staff: Principal
):
    membership_of(admin, organization).assignments.update(role_id=OWNER_ROLE)
    with track_changes() as changes:
        deactivate_account(by=by_staff, user=owner)
        reactivate_account(by=by_staff, user=owner)
    assert [recorded.kind for recorded in changes.events] == ["user.deactivated", "user.reactivated"]


def test_staff_give_the_organization_another_owner(
    organization: Organization, owner: User, admin: User, by_staff: Principal
):
    deactivate_account(by=by_staff, user=owner)
    here: dict[str, Any] = {"by": by_staff, "organization_id": organization.pk}
    former = membership_of(owner, organization).pk
    with pytest.raises(LastOwner):
        remove_member(**here, membership_id=former)
    change_member_roles(**here, membership_id=membership_of(admin, organization).pk, role_id=OWNER_ROLE)
    assert Organization.objects.with_active_owner().get(pk=organization.pk).has_active_owner
    remove_member(**here, membership_id=former)


def test_a_deactivated_owner_still_cannot_be_deleted(owner: User, organization: Organization, by_staff: Principal):
    deactivate_account(by=by_staff, user=owner)
    with track_changes() as changes, pytest.raises(LastOwner):
        delete_account(by=by_staff, user=owner)
    assert changes.nothing


@pytest.mark.parametrize("end_account", [deactivate_account, delete_account])
@pytest.mark.parametrize("has_left", [False, True], ids=["still a member", "has left"])
def test_keys_and_secrets_that_the_person_made_for_system_users_end_too(
    organization: Organization, admin: User, owner: User, by_staff: Principal, end_account: Any, has_left: bool
):
    robot = MembershipFactory.create(organization=organization, of_system_user=True).pk
    made: dict[str, Any] = {"organization_id": organization.pk, "membership_id": robot, "name": "Nightly"}
    key, known = create_api_key(by=session_of(admin), **made)
    _, unknown = create_api_key(by=session_of(owner), **made)
    client, _ = register_service_client(by=session_of(admin), **made)
    token = issue_token(client, None, "organizations", timezone.now() + timedelta(hours=1))
    assert authenticate(known)
    assert oauth_principal(token)
    if has_left:
        leave_organization(by=session_of(admin), organization_id=organization.pk)

    with track_changes() as changes:
        end_account(by=by_staff, user=admin)

    assert event("api_key.deleted", key, by_staff, organization, membership_id=robot) in changes.events
    assert authenticate(known) is None
    assert authenticate(unknown) is not None
    assert oauth_principal(token) is None
    assert OAuthApplication.objects.get().client_secret != client.client_secret


def test_the_api_keys_of_the_account_are_deleted(organization: Organization, member: User, by_staff: Principal):
    key = ApiKeyFactory.create(membership=membership_of(member, organization))
    with track_changes() as changes:
        deactivate_account(by=by_staff, user=member)
    deleted = event("api_key.deleted", key, by_staff, organization, membership_id=key.membership_id)
    assert deleted in changes.events
    assert not ApiKey.objects.filter(pk=key.pk).exists()


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
