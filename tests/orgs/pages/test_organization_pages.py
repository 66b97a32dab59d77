"""Test what all pages of an organization have in common: who sees them, the navigation, and archived organizations."""

from uuid import uuid4

import pytest

from orgs.models import Organization
from orgs.pages.navigation import NAVIGATION, entries_for
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS
from orgs.policies import EffectivePermissions
from tests.support.pages import visible_text
from tests.support.queries import assert_queries

PAGE = "/organizations/riverside/people"


@pytest.mark.parametrize("name", ["owner", "admin", "member"])
def test_members_open_the_pages_of_their_organization(client, organization, request, name):
    client.force_login(request.getfixturevalue(name))

    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_organizations_are_not_found(client, organization, stranger, method):
    client.force_login(stranger)

    page = getattr(client, method)(PAGE)

    assert page.status_code == 404
    assert "Riverside" not in page.content.decode()
    assert visible_text(page) == visible_text(getattr(client, method)("/organizations/nowhere/people"))


def test_visitors_sign_in_first(client, organization):
    response = client.get(PAGE)

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={PAGE}")


def test_the_address_of_the_organization_leads_to_its_people(client, organization, member):
    client.force_login(member)

    assert client.get("/organizations/riverside")["Location"] == PAGE


def test_the_owner_of_an_archived_organization_can_restore_it(client, organization, owner):
    Organization.objects.update(deleted_at="2025-06-01T14:05:00Z")
    client.force_login(owner)

    page = client.get(PAGE)

    assert page.status_code == 200
    assert visible_text(page) == [
        "Archived",
        "Riverside is archived",
        "Members can't open it, and nobody can accept an invitation to it. Nothing was deleted.",
        "Restore",
        "Delete for good",
        "Home",
    ]
    restored = client.post("/organizations/riverside/restore", follow=True)
    assert restored.redirect_chain == [("/organizations/riverside", 302), (PAGE, 302)]
    assert visible_text(restored)[0] == "Riverside has been restored."
    assert not Organization.objects.get().is_archived


@pytest.mark.parametrize("name", ["admin", "stranger"])
def test_an_archived_organization_is_not_found_by_others(client, organization, request, name):
    Organization.objects.update(deleted_at="2025-06-01T14:05:00Z")
    client.force_login(request.getfixturevalue(name))

    assert client.get(PAGE).status_code == 404
    client.post("/organizations/riverside/restore")
    assert Organization.objects.get().is_archived


def test_an_organization_that_requires_a_second_factor_says_so(client, organization, member):
    Organization.objects.update(second_factor_required=True)
    client.force_login(member)

    page = client.get(PAGE)

    assert page.status_code == 403
    assert visible_text(page) == [
        "Two-factor authentication is required",
        "This organization requires two-factor authentication of its members. Set it up for your account, then open "
        "this page again.",
        "Set it up",
        "Home",
    ]


def test_the_navigation_leads_only_to_what_the_reader_may_see():
    nobody, manager = EffectivePermissions(frozenset()), EffectivePermissions(frozenset({MANAGE_MEMBERS}))
    shown_to_nobody, shown_to_manager = ([entry.view for entry in entries_for(held)] for held in (nobody, manager))

    assert shown_to_nobody == [view for view in shown_to_manager if view in shown_to_nobody]
    assert "organization-people" in shown_to_nobody
    assert "organization-invite" not in shown_to_nobody
    assert "organization-invite" in shown_to_manager
    in_unit = EffectivePermissions(frozenset(), {uuid4(): frozenset({UNIT_MANAGE_MEMBERS})})
    only_of_manager = set(shown_to_manager) - {entry.view for entry in entries_for(in_unit)}
    assert only_of_manager == {"organization-activity", "organization-usage"}


def test_every_entry_of_the_navigation_leads_to_a_page(client, organization, owner):
    client.force_login(owner)
    html = client.get(PAGE).content.decode()

    for entry in NAVIGATION:
        assert str(entry.label) in html
    assert 'aria-current="page">People' in html


def test_the_frame_takes_one_query_for_the_organization_and_the_permissions(client, organization, owner):
    client.force_login(owner)

    with assert_queries(
        session="SELECT django_session", user="SELECT accounts_user", organization="SELECT orgs_roleassignment"
    ):
        assert client.delete(PAGE).status_code == 405
