"""The active organization is the one that the member switched to last."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from orgs.access import NoActiveOrganization, current_organization
from orgs.actions.accounts import switch_organization
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from tests.factories import MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(member: User, organization: Organization, other_organization: Organization) -> list[Organization]:
    MembershipFactory.create(organization=other_organization, user=member)
    return [organization, other_organization]


def test_without_switching_it_is_the_one_joined_first(member: User, both: list[Organization]):
    assert current_organization(session_of(member)) == both[0]


def test_switching_makes_it_the_active_one(member: User, both: list[Organization]):
    for organization in (both[1], both[0]):
        with track_changes() as changes:
            switch_organization(by=session_of(member), organization_id=organization.pk)
        assert changes.tables == {"orgs.Membership": (0, 1, 0)}
        assert changes.events == [event("user.organization_switched", organization, member, organization)]
        assert current_organization(session_of(member)) == organization


def test_switching_affects_only_the_caller(member: User, owner: User, both: list[Organization]):
    switch_organization(by=session_of(member), organization_id=both[1].pk)
    assert current_organization(session_of(owner)) == both[0]


def test_members_can_only_switch_to_their_organizations(
    organization: Organization, stranger: User, member: User, by_staff: Principal
):
    for by in (session_of(stranger), by_staff, SERVICE):
        with track_changes() as changes, pytest.raises(OrganizationNotFound):
            switch_organization(by=by, organization_id=organization.pk)
        assert changes.nothing
    Organization.objects.update(deleted_at=timezone.now())
    with pytest.raises(OrganizationNotFound):
        switch_organization(by=session_of(member), organization_id=organization.pk)


def test_an_archived_organization_is_never_active(member: User, both: list[Organization]):
    switch_organization(by=session_of(member), organization_id=both[1].pk)
    Organization.objects.filter(pk=both[1].pk).update(deleted_at=timezone.now())
    assert current_organization(session_of(member)) == both[0]


def test_a_named_organization_has_priority_and_must_be_the_callers(member: User, owner: User, both: list[Organization]):
    assert current_organization(session_of(member), named=both[1].pk) == both[1]
    with pytest.raises(OrganizationNotFound):
        current_organization(session_of(owner), named=both[1].pk)


def test_a_credential_of_one_organization_selects_it(member: User, both: list[Organization]):
    key = Principal(user=member, method=Method.API_KEY, organization_id=both[1].pk)
    assert current_organization(key) == both[1]
    assert current_organization(key, named=both[1].pk) == both[1]
    with pytest.raises(OrganizationNotFound):
        current_organization(key, named=both[0].pk)


def test_users_without_an_organization_have_none(invitee: User):
    with pytest.raises(NoActiveOrganization):
        current_organization(session_of(invitee))
