"""Registering an organization makes the person its owner."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.principals import LINK_HOLDER, SERVICE, Method, Principal
from orgs.actions.organizations import create_organization
from orgs.actions.saving import SlugTaken
from orgs.locks import AccountEnded
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from orgs.policies import PersonRequired
from tests.factories import MembershipFactory
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, role_id_of, session_of

pytestmark = pytest.mark.django_db

PROFILE = {
    "name": "Riverside Cooperative",
    "slug": "riverside",
    "description": "Boats.\nAnd more boats.",
    "logo_url": "https://example.com/logo.png",
    "website": "https://example.com/",
}


def test_registering_an_organization_makes_the_caller_its_owner(owner: User):
    with track_changes() as changes:
        organization = create_organization(by=session_of(owner), **PROFILE)
    assert changes.tables == {
        "orgs.Organization": (1, 0, 0),
        "orgs.Membership": (1, 0, 0),
        "orgs.RoleAssignment": (1, 0, 0),
    }
    membership = membership_of(owner, organization)
    assert changes.events == [
        event("organization.created", organization, owner, organization),
        event(
            "membership.created",
            membership,
            owner,
            organization,
            user_id=owner.pk,
            role_id=OWNER_ROLE,
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        ),
    ]
    stored = Organization.objects.filter(pk=organization.pk).values(*PROFILE, "seat_limit", "deleted_at").get()
    assert stored == PROFILE | {"seat_limit": None, "deleted_at": None}
    assert role_id_of(owner, organization) == OWNER_ROLE
    assert membership.permissions == []


def test_a_name_is_enough(owner: User):
    organization = create_organization(by=session_of(owner), name="Riverside Cooperative")
    assert (organization.slug, organization.description, organization.logo_url) == ("riverside-cooperative", "", "")


@pytest.mark.parametrize("method", [Method.SESSION, Method.JWT, Method.OAUTH2])
def test_every_credential_of_a_person_is_accepted(owner: User, method: Method):
    organization = create_organization(by=Principal(user=owner, method=method), name="Riverside", slug="riverside")
    assert role_id_of(owner, organization) == OWNER_ROLE


def test_system_users_links_and_staff_cannot_register_one(owner: User, organization: Organization, by_staff: Principal):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    for by in (
        Principal(user=owner, method=Method.API_KEY),
        Principal(user=system_user, method=Method.OAUTH2),
        by_staff,
        SERVICE,
        LINK_HOLDER,
    ):
        with track_changes() as changes, pytest.raises(PersonRequired):
            create_organization(by=by, name="Hillside", slug="hillside")
        assert changes.nothing


def test_an_account_that_has_just_ended_cannot_register_one(owner: User):
    by = session_of(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with track_changes() as changes, pytest.raises(AccountEnded):
        create_organization(by=by, name="Hillside", slug="hillside")
    assert changes.nothing


@pytest.mark.parametrize("archived", [False, True])
def test_slugs_of_archived_organizations_are_taken(owner: User, organization: Organization, archived: bool):
    if archived:
        Organization.objects.update(deleted_at=organization.created_at)
    with track_changes() as changes, pytest.raises(SlugTaken):
        create_organization(by=session_of(owner), name="Another", slug="riverside")
    assert changes.nothing


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": " Riverside"}, "name"),
        ({"name": "River\nside"}, "name"),
        ({"name": "River\u202eside"}, "name"),
        ({"name": "River\u200bside"}, "name"),
        ({"name": "River\ud800side"}, "name"),
        ({"name": "River\x00side"}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"slug": "ab"}, "slug"),
        ({"slug": "River"}, "slug"),
        ({"slug": "f" * 24}, "slug"),
        ({"slug": "0198c0de-0000-7000-8000-00000000000a"}, "slug"),
        ({"slug": "x" * 129}, "slug"),
        ({"description": "\x00"}, "description"),
        ({"description": "x" * 2001}, "description"),
        ({"logo_url": "javascript:alert(1)"}, "logo_url"),
        ({"website": "example.com"}, "website"),
    ],
)
def test_what_breaks_a_rule_is_named_and_nothing_is_written(owner: User, wrong: dict[str, Any], named: str):
    with track_changes() as changes, pytest.raises(ValidationError) as refusal:
        create_organization(by=session_of(owner), **PROFILE | wrong)
    assert list(refusal.value.message_dict) == [named]
    assert changes.nothing


def test_nothing_but_the_profile_can_be_set(owner: User):
    for forbidden in ("seat_limit", "deleted_at", "id", "created_at"):
        with track_changes() as changes, pytest.raises(TypeError, match=forbidden):
            create_organization(by=session_of(owner), **PROFILE | {forbidden: 1})  # type: ignore[arg-type]
        assert changes.nothing
