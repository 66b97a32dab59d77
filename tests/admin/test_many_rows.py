"""Test that a page shows the newest related rows, links to the list of all, and takes a fixed number of queries."""

import re
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.admin_related import SHOWN_ROWS
from orgs.models import Organization
from tests.admin.test_admin import address_of
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory

pytestmark = pytest.mark.django_db


def queries_of(client: Client, row: models.Model) -> int:
    client.get(address_of(row))  # fills Django's cache of content types
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address_of(row)).status_code == 200
    return len(captured)


def fill(organization: Organization, rows: int) -> None:
    for _ in range(rows):
        InvitationFactory.create(organization=organization)
        MembershipFactory.create(organization=organization)
        UnitFactory.create(organization=organization)


def test_the_queries_of_an_organizations_page_do_not_grow_with_its_rows(
    admin_pages: Client, organization: Organization
):
    fill(organization, 2)
    before = queries_of(admin_pages, organization)
    fill(organization, SHOWN_ROWS - 5)
    assert queries_of(admin_pages, organization) == before
    fill(organization, 10)
    assert queries_of(admin_pages, organization) == before + 3  # the number of all rows of each table


def test_the_queries_of_a_users_page_do_not_grow_with_the_memberships(admin_pages: Client, stranger: User):
    MembershipFactory.create_batch(2, user=stranger)
    before = queries_of(admin_pages, stranger)
    MembershipFactory.create_batch(SHOWN_ROWS - 5, user=stranger)
    assert queries_of(admin_pages, stranger) == before
    MembershipFactory.create_batch(10, user=stranger)
    assert queries_of(admin_pages, stranger) == before + 1


@pytest.fixture
def full(organization: Organization) -> Organization:
    fill(organization, SHOWN_ROWS + 5)
    return organization


def test_a_page_shows_the_newest_rows_and_links_to_the_list_of_all(
    admin_pages: Client, full: Organization, other_organization: Organization
):
    InvitationFactory.create(organization=other_organization)
    page = admin_pages.get(address_of(full)).content.decode()
    newest, *_, oldest = full.invitations.order_by("-pk")
    assert newest.email in page
    assert oldest.email not in page
    assert f"Open invitations ({SHOWN_ROWS} of {SHOWN_ROWS + 5})" in page
    address = f"/admin/invitations/invitation/?organization={full.pk}"
    assert f'<a href="{address}">Show all invitations</a>' in page
    assert rows_of(admin_pages, address) == set(full.invitations.all())


@pytest.mark.postgresql
def test_a_page_estimates_the_numbers_of_many_rows(
    admin_pages: Client, full: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.admin_long_lists.LONG", SHOWN_ROWS)
    page = admin_pages.get(address_of(full)).content.decode()
    assert f"Open invitations ({SHOWN_ROWS} of about " in page
    assert f"Memberships ({SHOWN_ROWS} of about " in page
    assert f"about {SHOWN_ROWS + 1} of " in page  # open invitations, and the limit
    assert re.search(r"about \d+ taken, \d+ of them by members", page)


def test_a_page_with_few_rows_links_to_no_list(admin_pages: Client, organization: Organization):
    fill(organization, 1)
    assert "Show all" not in admin_pages.get(address_of(organization)).content.decode()


def test_lists_show_the_rows_of_one_organization_or_person(
    admin_pages: Client, full: Organization, other_organization: Organization, owner: User
):
    MembershipFactory.create(organization=other_organization, user=owner)
    UnitFactory.create(organization=other_organization)
    assert rows_of(admin_pages, f"/admin/orgs/membership/?user={owner.pk}") == set(owner.memberships.all())
    members = rows_of(admin_pages, f"/admin/orgs/membership/?organization={full.pk}")
    assert members == set(full.memberships.all())
    assert rows_of(admin_pages, f"/admin/orgs/unit/?organization={full.pk}") == set(full.units.all())


def test_the_filter_names_its_row_and_is_hidden_without_one(admin_pages: Client, organization: Organization):
    filtered = admin_pages.get(f"/admin/orgs/unit/?organization={organization.pk}").content.decode()
    assert "By organization" in filtered
    assert organization.name in filtered
    assert "By organization" not in admin_pages.get("/admin/orgs/unit/").content.decode()
    assert admin_pages.get("/admin/orgs/unit/?organization=nobody").status_code == 302


def rows_of(client: Client, address: str) -> set[Any]:
    response = client.get(address)
    assert response.status_code == 200
    return set(response.context["cl"].queryset)
