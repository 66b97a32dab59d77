"""Test the CSV files of the admin's lists."""

import csv
import io

import pytest
from django.contrib import admin
from django.urls import reverse

from core.admin_export import text_in_html
from core.csv_export import ROWS_IN_CHUNK
from orgs.models import Organization
from tests.factories import (
    ApiKeyFactory,
    EventFactory,
    InvitationFactory,
    OrganizationFactory,
    RoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.any_database
LISTS = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def staff(client, db):
    client.force_login(UserFactory.create(superuser=True))
    return client


def file_of(label):
    return reverse(f"admin:{label.replace('.', '_')}_export")


def lines_of(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.getvalue().decode().removeprefix("\ufeff"))))


@pytest.mark.parametrize("label", LISTS)
def test_every_list_has_a_file(staff, label):
    InvitationFactory.create()
    ApiKeyFactory.create()
    RoleFactory.create(permissions=["organization:manage_members", "organization:list_projects"])

    page = staff.get(reverse(f"admin:{label.replace('.', '_')}_changelist"))
    response = staff.get(file_of(label))

    assert 'href="export.csv"' in page.content.decode()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    header, *rows = lines_of(response)
    assert len(header) == len(page.context["cl"].list_display) - ("action_checkbox" in page.context["cl"].list_display)
    assert len(rows) == page.context["cl"].result_count
    assert "<" not in response.getvalue().decode()


@pytest.mark.django_db
@pytest.mark.parametrize("label", LISTS)
def test_nobody_gets_the_file_of_a_list_that_they_may_not_see(client, label):
    for user in (UserFactory.create(staff=True), UserFactory.create()):
        client.force_login(user)
        assert client.get(file_of(label)).status_code in (302, 403)
    client.logout()
    assert client.get(file_of(label)).status_code == 302


def test_a_file_has_values_instead_of_what_people_see(staff):
    organization = OrganizationFactory.create(slug="riverside")
    role = RoleFactory.create(organization=organization, name="=Helper", permissions=["a:b", "c:d"])

    [row] = [row for row in lines_of(staff.get(file_of("orgs.role"))) if row[0] == "'=Helper"]
    assert row == ["'=Helper", "organization", "Riverside", "a:b, c:d"]
    assert role.name == "=Helper"
    header, row = lines_of(staff.get(file_of("orgs.organization")))
    assert dict(zip(header, row, strict=True))["created"] == organization.created_at.isoformat()


def test_a_file_has_the_rows_that_the_search_and_the_filters_find(staff):
    OrganizationFactory.create(slug="riverside")
    OrganizationFactory.create(slug="hillside", archived=True)

    assert [row[1] for row in lines_of(staff.get(file_of("orgs.organization") + "?q=river"))[1:]] == ["riverside"]
    page = staff.get(reverse("admin:orgs_organization_changelist") + "?q=river&o=1")
    assert 'href="export.csv?q=river&amp;o=1"' in page.content.decode()


def test_incorrect_parameters_lead_back_to_the_list(staff):
    response = staff.get(file_of("orgs.organization") + "?nonsense__startswith=1")

    assert response.status_code in (302, 400)


def test_names_of_events_are_in_the_file(staff):
    organization = OrganizationFactory.create(slug="riverside", name="Riverside")
    EventFactory.create(organization=organization)

    header, row = lines_of(staff.get(file_of("events.event")))

    assert dict(zip(header, row, strict=True))["organization"] == "Riverside"


def test_a_file_of_many_rows_is_complete_and_in_the_order_of_their_creation(staff):
    OrganizationFactory.create_batch(2 * ROWS_IN_CHUNK + 1)

    rows = lines_of(staff.get(file_of("orgs.organization")))[1:]

    assert [row[1] for row in rows] == list(Organization.objects.order_by("-pk").values_list("slug", flat=True))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("<div>a</div><div>b</div>", "a, b"),
        ('<a href="/admin/">Ann &amp; Bob</a>', "Ann & Bob"),
        ("<ul><li>a</li> <li>b</li></ul>", "a, b"),
        ("", ""),
    ],
)
def test_the_text_in_html_what_is_shown(shown, text):
    assert text_in_html(shown) == text
