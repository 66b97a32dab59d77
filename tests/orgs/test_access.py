"""Finding an organization to read: one statement finds it and says what the caller may do in it."""

from dataclasses import replace

import pytest

from accounts.principals import SERVICE
from orgs import policies
from orgs.access import find_organization
from orgs.locks import OrganizationNotFound, lock_organization
from orgs.models import RoleAssignment
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS, UNIT_VIEWER_ROLE, VIEWER_ROLE
from orgs.policies import UNRESTRICTED, member_permissions
from tests.factories import MembershipFactory, UnitFactory
from tests.support.people import membership_of, session_of
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db


def test_one_statement_finds_the_organization_and_the_permissions_in_it_and_in_its_units(organization, stranger):
    membership = MembershipFactory.create(
        organization=organization,
        user=stranger,
        permissions=[LIST_PROJECTS],
        unit_roles={UnitFactory.create(organization=organization): UNIT_VIEWER_ROLE},
    )
    with assert_queries(everything="SELECT orgs_roleassignment"):
        found = find_organization(session_of(stranger), organization.pk)
        held = policies.caller_permissions(session_of(stranger), found)

    assert found == organization
    assert held == member_permissions(membership)


def test_the_limit_of_a_credential_applies(organization, owner):
    limited = replace(session_of(owner), permissions=frozenset({LIST_PROJECTS}))
    found = find_organization(limited, organization.pk)

    assert policies.caller_permissions(limited, found).organization == {LIST_PROJECTS}


def test_what_one_caller_may_do_is_nothing_to_another(organization, owner, stranger):
    found = find_organization(session_of(owner), organization.pk)

    with pytest.raises(OrganizationNotFound):
        policies.caller_permissions(session_of(stranger), found)


def test_an_action_reads_the_permissions_after_it_has_the_lock(organization, admin):
    by = session_of(admin)
    seen = find_organization(by, organization.pk)
    RoleAssignment.objects.filter(membership=membership_of(admin, organization)).update(role_id=VIEWER_ROLE)
    locked = lock_organization(organization.pk, by=by)

    assert policies.caller_permissions(by, seen).permits(MANAGE_MEMBERS)
    assert not policies.caller_permissions(by, locked).permits(MANAGE_MEMBERS)


def test_former_members_inactive_users_and_archived_organizations_find_nothing(organization, admin, member):
    by = session_of(member)
    membership_of(member, organization).delete()
    with pytest.raises(OrganizationNotFound):
        find_organization(by, organization.pk)

    admin.is_active = False
    admin.save()
    with pytest.raises(OrganizationNotFound):
        find_organization(session_of(admin), organization.pk)

    organization.deleted_at = organization.created_at
    organization.save()
    for caller in (session_of(admin), SERVICE):
        with pytest.raises(OrganizationNotFound):
            find_organization(caller, organization.pk)


def test_the_service_finds_every_organization(organization):
    found = find_organization(SERVICE, organization.pk)

    assert policies.caller_permissions(SERVICE, found) == UNRESTRICTED
