"""GET /organizations/current: the current organization."""

import pytest
from django.utils import timezone

from accounts.principals import Method
from orgs.models import Organization
from orgs.permissions import VIEWER_ROLE
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    NO_ORGANIZATION_YET,
    OUTSIDER,
    organization_row,
    refused,
    said,
    success,
)
from tests.support.queries import assert_queries

PATH = f"{API}/organizations/current"
MESSAGE = "Organization retrieved successfully"


@pytest.fixture
def annex(member):
    """The second organization that the member joined."""
    annex = OrganizationFactory.create(slug="annex")
    MembershipFactory.create(organization=annex, user=member, role_id=VIEWER_ROLE)
    return annex


def named(organization_id):
    return {"headers": {"X-Organization-Id": str(organization_id)}}


def test_it_is_the_one_joined_first(by, organization, annex):
    assert said(by("member").get(PATH)) == success(MESSAGE, organization_row(organization, role_name="viewer"))


def test_it_is_the_one_switched_to(by, organization, annex):
    annex.memberships.update(activated_at=timezone.now())

    assert said(by("member").get(PATH)) == success(MESSAGE, organization_row(annex, role_name="viewer", members=1))


def test_the_header_names_another(by, organization, annex):
    assert said(by("member").get(PATH, **named(annex.pk))) == success(
        MESSAGE, organization_row(annex, role_name="viewer", members=1)
    )


def test_a_key_uses_its_own_organization(by, organization, annex):
    client = by("member", method=Method.API_KEY, organization_id=annex.pk)

    assert said(client.get(PATH)) == success(MESSAGE, organization_row(annex, role_name="viewer", members=1))
    assert said(client.get(PATH, **named(organization.pk))) == OUTSIDER


def test_an_archived_organization_is_skipped(by, organization, annex):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(by("member").get(PATH)) == success(MESSAGE, organization_row(annex, role_name="viewer", members=1))


@pytest.mark.parametrize("other", ["foreign", "absent"])
def test_foreign_and_unknown_ids_get_the_same_response(by, organization, other_organization, other):
    name = other_organization.pk if other == "foreign" else ABSENT

    with assert_queries(organization="SELECT orgs_roleassignment"):
        assert said(by("member").get(PATH, **named(name))) == OUTSIDER


def test_users_without_an_organization_get_409(by, invitee):
    assert said(by("invitee").get(PATH)) == NO_ORGANIZATION_YET


@pytest.mark.parametrize("text", ["", "1", "riverside", f"{ABSENT},{ABSENT}", "{" + ABSENT + "}"])
def test_errors_name_a_malformed_header(by, organization, text):
    assert said(by("member").get(PATH, **named(text))) == refused(
        400,
        "invalid_header",
        "Some headers are not valid.",
        fields={"X-Organization-Id": ["A UUID is expected."]},
    )


def test_anonymous_requests_get_401(by, organization):
    assert said(by("anonymous").get(PATH)) == ANONYMOUS


def test_it_takes_three_queries(by, organization):
    client = by("member")

    with assert_queries(
        active="SELECT orgs_membership", organization="SELECT orgs_roleassignment", row="SELECT orgs_organization"
    ):
        client.get(PATH)
