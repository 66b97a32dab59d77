"""GET /organizations/{id}: one organization of the caller."""

import pytest

from accounts.principals import Method
from core.api.serializers import format_time
from orgs.models import Organization
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    MODEL_PROFILE,
    OUTSIDER,
    PROFILE,
    at,
    organization_row,
    role,
    said,
    success,
)
from tests.support.queries import assert_queries

MESSAGE = "Organization retrieved successfully"


def test_all_fields_are_shown(by, organization):
    Organization.objects.filter(pk=organization.pk).update(**MODEL_PROFILE, seat_limit=7)

    assert said(by("admin").get(at(organization))) == success(
        MESSAGE,
        {
            "id": str(organization.pk),
            **PROFILE,
            "secondFactorRequired": False,
            "defaultRole": None,
            "seatLimit": 7,
            "memberCount": 3,
            "role": role("admin"),
            "createdAt": format_time(organization.created_at),
            "updatedAt": format_time(organization.updated_at),
            "archivedAt": None,
        },
    )


@pytest.mark.parametrize(("who", "role_name"), [("owner", "owner"), ("member", "viewer")])
def test_every_member_sees_it_in_one_query(by, organization, who, role_name):
    client = by(who)

    with assert_queries(organization="SELECT orgs_organization"):
        answer = said(client.get(at(organization)))

    assert answer == success(MESSAGE, organization_row(organization, role_name=role_name))


def test_foreign_archived_and_unknown_organizations_get_the_same_response(by, organization, stranger, member):
    archived = OrganizationFactory.create(slug="gone", archived=True)
    MembershipFactory.create(organization=archived, user=stranger)

    for path in (at(organization), at(archived), f"{API}/organizations/{ABSENT}"):
        client = by("stranger")
        with assert_queries(organization="SELECT orgs_organization"):
            assert said(client.get(path)) == OUTSIDER


def test_a_key_of_another_organization_finds_nothing(by, organization, other_organization):
    client = by("owner", method=Method.API_KEY, organization_id=other_organization.pk)

    assert said(client.get(at(organization))) == OUTSIDER


def test_anonymous_requests_get_401(by, organization):
    assert said(by("anonymous").get(at(organization))) == ANONYMOUS


@pytest.mark.parametrize("word", ["1", "riverside", "0198c0de", ABSENT + "0", "%00"])
def test_malformed_ids_are_not_found(by, organization, word):
    status, body = said(by("owner").get(f"{API}/organizations/{word}"))

    assert (status, body["error"]["code"]) == (404, "not_found")
