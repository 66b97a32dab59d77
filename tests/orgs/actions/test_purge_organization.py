"""Purging deletes an organization and everything that belongs to it, except its events."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from events.models import Event
from invitations.email.models import Email
from invitations.email.queue import queue_email
from orgs.actions.organizations import create_organization, purge_organization
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import ADMIN, UNIT_VIEWER_ROLE
from orgs.policies import PermissionMissing
from tests.factories import ApiKeyFactory, InvitationFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.support.changes import all_rows, event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def full_organization(organization: Organization, owner: User, stranger: User) -> Organization:
    """An organization with every kind of row that can belong to it."""
    unit = UnitFactory.create(organization=organization)
    role = RoleFactory.create(organization=organization, name="Helper")
    MembershipFactory.create(
        organization=organization, user=stranger, role_id=role.pk, unit_roles={unit: UNIT_VIEWER_ROLE}
    )
    ApiKeyFactory.create(membership=membership_of(owner, organization), name="Nightly")
    MembershipFactory.create(organization=organization, of_system_user=True)
    former = InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner, expired=True)
    newer = InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner, role=role)
    former.superseded_by = newer
    former.save()
    InvitationFactory.create(
        organization=organization, email="second@example.com", inviter=owner, unit=unit, unit_role_id=UNIT_VIEWER_ROLE
    )
    queue_email(newer, Email.Kind.INVITATION)
    return organization


def test_all_its_rows_are_deleted_and_no_others(
    full_organization: Organization, other_organization: Organization, owner: User
):
    with track_changes() as changes:
        purge_organization(by=session_of(owner), organization_id=full_organization.pk)
    assert changes.tables == {
        "orgs.Organization": (0, 0, 1),
        "orgs.Membership": (0, 0, 5),
        "orgs.RoleAssignment": (0, 0, 6),
        "orgs.ApiKey": (0, 0, 1),
        "orgs.Unit": (0, 0, 1),
        "orgs.Role": (0, 0, 1),
        "invitations.Invitation": (0, 0, 3),
        "invitations.Email": (0, 0, 1),
        "accounts.User": (0, 1, 0),
    }
    assert changes.events == [event("organization.purged", full_organization, owner, full_organization)]
    assert list(Organization.objects.all()) == [other_organization]


def test_its_events_stay(owner: User):
    organization = create_organization(by=session_of(owner), name="Riverside", slug="riverside")
    key = organization.pk
    purge_organization(by=session_of(owner), organization_id=key)
    assert [row.kind for row in Event.objects.of_organization(key)] == [
        "organization.created",
        "membership.created",
        "organization.purged",
    ]


def test_its_system_users_are_deactivated_and_its_people_are_not(full_organization: Organization, owner: User):
    system_user = User.objects.get(kind=User.Kind.SYSTEM)
    purge_organization(by=session_of(owner), organization_id=full_organization.pk)
    system_user.refresh_from_db()
    assert not system_user.is_active
    assert not User.objects.filter(kind=User.Kind.CLIENT, is_active=False).exists()


def test_an_archived_one_can_be_purged_by_its_owner_and_by_staff(
    organization: Organization, other_organization: Organization, owner: User, by_staff: Principal
):
    Organization.objects.update(deleted_at=timezone.now())
    purge_organization(by=session_of(owner), organization_id=organization.pk)
    purge_organization(by=by_staff, organization_id=other_organization.pk)
    assert not Organization.objects.exists()


def test_only_owners_may(organization: Organization, admin: User, owner: User, stranger: User):
    without_owning = Principal(user=owner, method=Method.API_KEY, permissions=frozenset({ADMIN}))
    refusals = (
        (session_of(admin), PermissionMissing),
        (without_owning, PermissionMissing),
        (session_of(stranger), OrganizationNotFound),
    )
    for by, refusal in refusals:
        with track_changes() as changes, pytest.raises(refusal):
            purge_organization(by=by, organization_id=organization.pk)
        assert changes.nothing


def test_a_purged_slug_is_free_again(organization: Organization, owner: User):
    purge_organization(by=session_of(owner), organization_id=organization.pk)
    create_organization(by=session_of(owner), name="Riverside", slug="riverside")
    assert len(all_rows()["orgs.Organization"]) == 1
