"""GET /organizations: the caller's organizations."""

import pytest
from django.utils import timezone

from accounts.principals import Method
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, OWNER_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import ANONYMOUS, API, invalid_query, listed, organization_row, said
from tests.support.queries import assert_queries

PATH = f"{API}/organizations"
MESSAGE = "Organizations retrieved successfully"


def grown(user, name, role=OWNER_ROLE, **fields):
    organization = OrganizationFactory.create(name=name, slug=name.lower(), **fields)
    MembershipFactory.create(organization=organization, user=user, role_id=role)
    return organization


def test_all_fields_of_a_page_are_shown(by, organization, other_organization):
    newer = grown(organization.memberships.get(user__email="owner@example.com").user, "Annex")

    assert said(by("owner").get(PATH)) == listed(
        MESSAGE,
        [
            organization_row(newer, role_name="owner", members=1),
            organization_row(organization, role_name="owner", members=3),
        ],
    )


def test_everybody_sees_their_own_role(by, organization):
    for who, role_name in (("admin", "admin"), ("member", "viewer")):
        assert said(by(who).get(PATH)) == listed(MESSAGE, [organization_row(organization, role_name=role_name)])


def test_users_without_an_organization_see_an_empty_list(by, organization, invitee):
    assert said(by("invitee").get(PATH)) == listed(MESSAGE, [])


def test_anonymous_requests_get_401(by, organization):
    assert said(by("anonymous").get(PATH)) == ANONYMOUS


def test_a_key_sees_the_one_organization_it_belongs_to(by, organization, owner):
    grown(owner, "Annex")

    client = by("owner", method=Method.API_KEY, organization_id=organization.pk)

    assert said(client.get(PATH)) == listed(MESSAGE, [organization_row(organization, role_name="owner")])


def test_sorting_by_name_and_date(by, owner):
    made = {name: grown(owner, name) for name in ("Beta", "Alpha", "Gamma")}

    def names(sort):
        return [row["name"] for row in by("owner").get(PATH, {"sort": sort}).json()["data"]]

    assert names("name:asc") == ["Alpha", "Beta", "Gamma"]
    assert names("name:desc") == ["Gamma", "Beta", "Alpha"]
    assert names("createdAt:asc") == list(made)
    assert names("createdAt:desc") == list(reversed(made))


def test_pages_follow_each_other_and_end(by, owner):
    for number in range(5):
        grown(owner, f"Number-{number}")
    client = by("owner")

    pages = [client.get(PATH, {"limit": 2, "page": page, "sort": "name:asc"}).json() for page in (1, 2, 3, 4)]

    assert [[row["name"] for row in page["data"]] for page in pages] == [
        ["Number-0", "Number-1"],
        ["Number-2", "Number-3"],
        ["Number-4"],
        [],
    ]
    assert [page["pagination"] for page in pages] == [
        {"page": 1, "limit": 2, "total": 5, "pages": 3, "hasNext": True, "hasPrev": False},
        {"page": 2, "limit": 2, "total": 5, "pages": 3, "hasNext": True, "hasPrev": True},
        {"page": 3, "limit": 2, "total": 5, "pages": 3, "hasNext": False, "hasPrev": True},
        {"page": 4, "limit": 2, "total": 5, "pages": 3, "hasNext": False, "hasPrev": True},
    ]


def test_archived_organizations_are_listed_separately_for_owners(by, owner, member, organization):
    grown(owner, "Mine", deleted_at=timezone.now())
    other_archived = grown(owner, "Theirs", ADMIN_ROLE, deleted_at=timezone.now())
    MembershipFactory.create(organization=other_archived, user=member, role_id=VIEWER_ROLE)
    mine = Organization.objects.get(slug="mine")

    assert said(by("owner").get(PATH)) == listed(MESSAGE, [organization_row(organization, role_name="owner")])
    assert said(by("owner").get(PATH, {"archived": "true"})) == listed(
        MESSAGE, [organization_row(mine, role_name="owner", members=1)]
    )
    assert said(by("member").get(PATH, {"archived": "true"})) == listed(MESSAGE, [])


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page": ["A whole number from 1 to 2147483647 is expected."]}),
        ("limit=101", {"limit": ["A whole number from 1 to 100 is expected."]}),
        ("limit=1&limit=2", {"limit": ["This parameter must not be repeated."]}),
        ("archived=1", {"archived": ["true or false is expected."]}),
        ("colour=red", {"colour": ["This parameter is unknown."]}),
        (
            "sort=slug:asc",
            {"sort": ["One of these is expected: createdAt:asc, createdAt:desc, name:asc, name:desc."]},
        ),
    ],
)
def test_errors_name_the_invalid_parameters(by, organization, query, fields):
    assert said(by("owner").get(f"{PATH}?{query}")) == invalid_query(**fields)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(by, owner, rows):
    for number in range(rows):
        grown(owner, f"Number-{number}")
    client = by("owner")

    with assert_queries(page="SELECT orgs_organization"):
        assert len(client.get(PATH, {"limit": 100}).json()["data"]) == rows
