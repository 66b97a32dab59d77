"""GET and PUT /users/active-organization: the default organization of requests."""

import pytest
from django.utils import timezone

from accounts.principals import Method
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    NO_ORGANIZATION_YET,
    OUTSIDER,
    invalid,
    organization_row,
    said,
    success,
)
from tests.support.changes import event, track_changes
from tests.support.queries import assert_queries

PATH = f"{API}/users/active-organization"
RETRIEVED = "Active organization retrieved successfully"
SWITCHED = "Active organization switched successfully"


@pytest.fixture
def annex(member):
    """The second organization that the member joined."""
    annex = OrganizationFactory.create(slug="annex")
    MembershipFactory.create(organization=annex, user=member, role_id=EDITOR_ROLE)
    return annex


def test_it_is_the_one_joined_first(by, organization, annex):
    with assert_queries(which="SELECT orgs_membership", organization="SELECT orgs_organization"):
        answer = said(by("member").get(PATH))

    assert answer == success(RETRIEVED, organization_row(organization, role_name="viewer"))


def test_switching_changes_it(by, organization, annex, member):
    with track_changes() as changes:
        answer = said(by("member").put(PATH, {"organizationId": str(annex.pk)}))

    row = organization_row(annex, role_name="editor", members=1)
    assert answer == success(SWITCHED, row)
    assert changes.tables == {"orgs.Membership": (0, 1, 0)}
    assert changes.events == [event("user.organization_switched", annex, member, annex)]
    assert said(by("member").get(PATH)) == success(RETRIEVED, row)
    assert said(by("member").get(f"{API}/organizations/current"))[1]["data"] == row


def test_a_key_has_its_own(by, organization, annex):
    client = by("member", method=Method.API_KEY, organization_id=annex.pk)

    assert said(client.get(PATH)) == success(RETRIEVED, organization_row(annex, role_name="editor", members=1))


def test_an_archived_organization_is_not_active(by, organization, annex):
    by("member").put(PATH, {"organizationId": str(annex.pk)})
    Organization.objects.filter(pk=annex.pk).update(deleted_at=timezone.now())

    assert said(by("member").get(PATH)) == success(RETRIEVED, organization_row(organization, role_name="viewer"))
    assert said(by("member").put(PATH, {"organizationId": str(annex.pk)})) == OUTSIDER


def test_users_without_an_organization_have_none(by, stranger):
    assert said(by("stranger").get(PATH)) == NO_ORGANIZATION_YET


def test_foreign_and_unknown_organizations_get_the_same_response(by, organization, stranger):
    with track_changes() as changes:
        assert said(by("stranger").put(PATH, {"organizationId": str(organization.pk)})) == OUTSIDER
        assert said(by("stranger").put(PATH, {"organizationId": ABSENT})) == OUTSIDER

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "This field is required."),
        ({"organizationId": None}, "This field may not be null."),
        ({"organizationId": 7}, "Must be a valid UUID."),
        ({"organizationId": "riverside"}, "Must be a valid UUID."),
    ],
)
def test_the_organization_is_given_by_its_id(by, organization, body, fault):
    assert said(by("member").put(PATH, body)) == invalid(organizationId=[fault])


def test_callers_without_permission_are_refused(by, organization, member):
    body = {"organizationId": str(organization.pk)}

    assert said(by("anonymous").get(PATH)) == said(by("anonymous").put(PATH, body)) == ANONYMOUS
    status, refusal = said(by("member", method=Method.API_KEY).put(PATH, body))
    assert (status, refusal["error"]["code"]) == (403, "credential_not_allowed")
