"""GET /organizations/slug/{slug}: the public profile of an organization."""

import pytest
from django.utils import timezone

from orgs.models import Organization
from tests.orgs.api.house import API, OUTSIDER, said, success
from tests.support.queries import assert_queries

MESSAGE = "Organization retrieved successfully"


def path(slug):
    return f"{API}/organizations/slug/{slug}"


@pytest.mark.parametrize("who", ["anonymous", "stranger", "member", "owner"])
def test_everybody_sees_the_same_six_fields(by, organization, who):
    client = by(who)

    with assert_queries(organization="SELECT orgs_organization"):
        assert said(client.get(path("riverside"))) == success(
            MESSAGE,
            {
                "id": str(organization.pk),
                "slug": "riverside",
                "name": "Riverside",
                "description": "",
                "logoUrl": None,
                "website": None,
            },
        )


def test_unknown_and_archived_organizations_get_the_same_response(by, organization):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    for slug in ("riverside", "nowhere"):
        with assert_queries(organization="SELECT orgs_organization"):
            assert said(by("anonymous").get(path(slug))) == OUTSIDER


@pytest.mark.parametrize("slug", ["Riverside", "river_side", "riversid", "river%", "r" * 200])
def test_a_slug_matches_completely_and_exactly(by, organization, slug):
    assert by("anonymous").get(path(slug)).status_code == 404
