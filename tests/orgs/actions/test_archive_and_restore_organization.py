"""Archiving hides an organization until its owner restores it. No data is lost."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.organizations import archive_organization, restore_organization
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import ADMIN, OWN
from orgs.policies import PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import role_id_of, session_of

pytestmark = pytest.mark.django_db


def test_archiving_writes_its_date_and_nothing_else(organization: Organization, owner: User, invitee: User):
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    start = timezone.now()
    with track_changes() as changes:
        archive_organization(by=session_of(owner), organization_id=organization.pk)
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [event("organization.archived", organization, owner, organization)]
    organization.refresh_from_db()
    assert organization.deleted_at is not None
    assert start <= organization.deleted_at <= timezone.now()
    assert organization.is_archived


def test_restoring_undoes_it(organization: Organization, owner: User):
    archive_organization(by=session_of(owner), organization_id=organization.pk)
    with track_changes() as changes:
        restore_organization(by=session_of(owner), organization_id=organization.pk)
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [event("organization.restored", organization, owner, organization)]
    organization.refresh_from_db()
    assert (organization.deleted_at, organization.is_archived) == (None, False)


def test_restoring_what_is_not_archived_changes_nothing(organization: Organization, owner: User):
    with track_changes() as changes:
        restore_organization(by=session_of(owner), organization_id=organization.pk)
    assert changes.nothing


def test_what_is_archived_cannot_be_archived_again(organization: Organization, owner: User):
    archive_organization(by=session_of(owner), organization_id=organization.pk)
    with track_changes() as changes, pytest.raises(OrganizationNotFound):
        archive_organization(by=session_of(owner), organization_id=organization.pk)
    assert changes.nothing


@pytest.mark.parametrize("action", [archive_organization, restore_organization])
def test_only_owners_may(organization: Organization, admin: User, owner: User, stranger: User, action):
    without_owning = Principal(user=owner, method=Method.OAUTH2, permissions=frozenset({ADMIN}))
    refusals = (
        (session_of(admin), PermissionMissing),
        (without_owning, PermissionMissing),
        (session_of(stranger), OrganizationNotFound),
    )
    for by, refusal in refusals:
        with track_changes() as changes, pytest.raises(refusal):
            action(by=by, organization_id=organization.pk)
        assert changes.nothing


def test_an_owners_key_with_the_own_permission_may(organization: Organization, owner: User):
    by = Principal(user=owner, method=Method.OAUTH2, permissions=frozenset({OWN}))
    assert archive_organization(by=by, organization_id=organization.pk).is_archived


def test_staff_may(organization: Organization, by_staff: Principal):
    assert archive_organization(by=by_staff, organization_id=organization.pk).is_archived
    assert not restore_organization(by=by_staff, organization_id=organization.pk).is_archived


def test_restoring_gives_free_seats_to_waiting_acceptances(
    organization: Organization, owner: User, member: User, invitee: User
):
    Organization.objects.update(seat_limit=3, deleted_at=timezone.now())
    waiting = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True)
    organization.memberships.filter(user=member).delete()
    restore_organization(by=session_of(owner), organization_id=organization.pk)
    waiting.refresh_from_db()
    assert waiting.status == "accepted"
    assert role_id_of(invitee, organization) == waiting.role_id


def test_members_of_an_archived_organization_still_see_it_as_archived(
    organization: Organization, stranger: User, owner: User
):
    archive_organization(by=session_of(owner), organization_id=organization.pk)
    MembershipFactory.create(organization=organization, user=stranger)
    assert list(Organization.objects.visible_to(session_of(stranger))) == [organization]
    assert not Organization.objects.visible_to(session_of(stranger)).live().exists()
