"""PUT /organizations/{id}: replace the profile."""

import pytest

from orgs.models import Organization
from orgs.permissions import ADMIN
from tests.orgs.api.house import (
    ANONYMOUS,
    MODEL_PROFILE,
    OUTSIDER,
    PROFILE,
    SLUG_TAKEN,
    at,
    invalid,
    lacking,
    organization_row,
    said,
    success,
)
from tests.support.changes import event, track_changes

MESSAGE = "Organization updated successfully"


@pytest.fixture
def organization(organization):
    """The organization with a complete profile."""
    Organization.objects.filter(pk=organization.pk).update(**MODEL_PROFILE)
    return organization


def test_missing_fields_are_cleared_except_the_slug(by, organization, admin):
    with track_changes() as changes:
        answer = said(by("admin").put(at(organization), {"name": "Hill"}))

    row = organization_row(organization, role_name="admin")
    assert answer == success(
        MESSAGE,
        row
        | {"name": "Hill", "slug": "river", "description": ""}
        | {"logoUrl": None, "website": None, "language": None},
    )
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [
        event(
            "organization.updated",
            organization,
            admin,
            organization,
            changed=sorted(MODEL_PROFILE.keys() - {"slug"}),
        )
    ]


def test_all_fields_are_replaced(by, other_organization):
    answer = said(by("stranger").put(at(other_organization), PROFILE))

    row = organization_row(other_organization, role_name="owner", members=1)
    assert answer == success(MESSAGE, row | PROFILE)


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
