"""PUT /organizations/{id}: replace the profile."""

import pytest

from orgs.models import Organization
from orgs.permissions import ADMIN
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, SLUG_TAKEN, at, invalid, lacking, organization_row, said, success
from tests.support.changes import event, track_changes

MESSAGE = "Organization updated successfully"


@pytest.fixture
def organization(organization):
    """The organization with a complete profile."""
    Organization.objects.filter(pk=organization.pk).update(
        description="We sail.",
        logo_url="https://example.com/logo.svg",
        website="https://example.com/",
        language="de",
    )
    return organization


def test_missing_fields_are_cleared_except_the_slug(by, organization, admin):
    with track_changes() as changes:
        answer = said(by("admin").put(at(organization), {"name": "Riverside Ltd."}))

    row = organization_row(organization, role_name="admin")
    assert answer == success(
        MESSAGE,
        row
        | {"name": "Riverside Ltd.", "slug": "riverside", "description": ""}
        | {"logoUrl": None, "website": None, "language": None},
    )
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [
        event(
            "organization.updated",
            organization,
            admin,
            organization,
            changed=["description", "language", "logo_url", "name", "website"],
        )
    ]


def test_all_fields_are_replaced(by, organization):
    profile = {
        "name": "Hill",
        "slug": "on-the-hill",
        "description": "Up.\nAnd down.",
        "logoUrl": None,
        "website": "http://example.com/hill",
        "language": "en",
    }

    answer = said(by("owner").put(at(organization), profile))

    assert answer == success(MESSAGE, organization_row(organization, role_name="owner") | profile)


def test_a_name_is_needed(by, organization):
    with track_changes() as changes:
        assert said(by("owner").put(at(organization), {"slug": "hill"})) == invalid(name=["This field is required."])

    assert changes.nothing


def test_a_taken_slug_is_a_conflict(by, organization, other_organization):
    with track_changes() as changes:
        assert said(by("owner").put(at(organization), {"name": "Hill", "slug": "hillside"})) == SLUG_TAKEN

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(ADMIN))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).put(at(organization), {"name": "Mine"})) == answer

    assert changes.nothing
