"""Admins can change the profile of their organization, but not its other fields."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.actions.organizations import update_organization
from orgs.actions.saving import SlugTaken
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import ADMIN, ADMIN_ROLE, MANAGE_MEMBERS
from orgs.policies import PermissionMissing
from tests.factories import MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db


def test_given_fields_change_and_the_rest_stays(organization: Organization, admin: User):
    start = timezone.now()
    with track_changes() as changes:
        update_organization(
            by=session_of(admin), organization_id=organization.pk, name="Lakeside", website=""
        )  # no website before
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [
        event("organization.updated", organization, admin, organization, changed=["name"], old={}, new={})
    ]
    organization.refresh_from_db()
    assert (organization.name, organization.slug, organization.website) == ("Lakeside", "riverside", "")
    assert organization.updated_at >= start


def test_a_direct_admin_permission_suffices(organization: Organization, member: User):
    membership = membership_of(member, organization)
    membership.permissions = [ADMIN]
    membership.save()
    assert (
        update_organization(by=session_of(member), organization_id=organization.pk, name="Lakeside").name == "Lakeside"
    )


def test_an_api_key_may_within_its_permissions(organization: Organization):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
    key = Principal(user=system_user, method=Method.API_KEY, organization_id=organization.pk)
    update_organization(by=key, organization_id=organization.pk, name="Lakeside")
    narrow = Principal(user=system_user, method=Method.API_KEY, permissions=frozenset({MANAGE_MEMBERS}))
    with pytest.raises(PermissionMissing):
        update_organization(by=narrow, organization_id=organization.pk, name="Seaside")
    assert Organization.objects.get().name == "Lakeside"


def test_a_member_is_refused_and_a_non_member_finds_nothing(organization: Organization, member: User, stranger: User):
    for by, refusal in ((session_of(member), PermissionMissing), (session_of(stranger), OrganizationNotFound)):
        with track_changes() as changes, pytest.raises(refusal):
            update_organization(by=by, organization_id=organization.pk, name="Lakeside")
        assert changes.nothing


def test_an_archived_organization_is_not_found(organization: Organization, owner: User):
    Organization.objects.update(deleted_at=timezone.now())
    with pytest.raises(OrganizationNotFound):
        update_organization(by=session_of(owner), organization_id=organization.pk, name="Lakeside")


def test_a_taken_slug_is_refused_and_the_own_one_is_not(
    organization: Organization, other_organization: Organization, owner: User
):
    with track_changes() as changes, pytest.raises(SlugTaken):
        update_organization(
            by=session_of(owner), organization_id=organization.pk, name="Lakeside", slug=other_organization.slug
        )
    assert changes.nothing
    update_organization(by=session_of(owner), organization_id=organization.pk, slug=organization.slug)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": ""}, "name"),
        ({"slug": ""}, "slug"),
        ({"slug": "Uppercase"}, "slug"),
        ({"description": "\u202e"}, "description"),
        ({"logo_url": "logo.png"}, "logo_url"),
        ({"website": "ftp://example.com/"}, "website"),
    ],
)
def test_validation_errors_name_the_field(organization: Organization, owner: User, wrong: dict[str, Any], named: str):
    with track_changes() as changes, pytest.raises(ValidationError) as refusal:
        update_organization(by=session_of(owner), organization_id=organization.pk, **wrong)
    assert list(refusal.value.message_dict) == [named]
    assert changes.nothing


@pytest.mark.parametrize("forbidden", ["seat_limit", "deleted_at", "id", "organization"])
def test_nothing_but_the_profile_can_be_changed(organization: Organization, owner: User, forbidden: str):
    with track_changes() as changes, pytest.raises(TypeError, match=forbidden):
        update_organization(by=session_of(owner), organization_id=organization.pk, **{forbidden: "1"})
    assert changes.nothing
