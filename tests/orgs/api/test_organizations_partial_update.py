"""PATCH /organizations/{id}: change parts of the profile."""

import pytest

from orgs.models import Organization
from orgs.permissions import ADMIN
from tests.orgs.api.house import (
    ANONYMOUS,
    MODEL_PROFILE,
    NOTHING_TO_CHANGE,
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


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({name: value}, field) for (name, value), field in zip(PROFILE.items(), MODEL_PROFILE, strict=True)),
        ({"website": None}, "website"),
    ],
)
def test_only_given_fields_change(by, organization, admin, change, field):
    Organization.objects.filter(pk=organization.pk).update(website="https://example.com/old")
    before = organization_row(organization, role_name="admin")

    with track_changes() as changes:
        answer = said(by("admin").patch(at(organization), change))

    after = organization_row(organization, role_name="admin")
    assert answer == success(MESSAGE, before | change | {"updatedAt": after["updatedAt"]})
    former = {"orgs.FormerSlug": (1, 0, 0)} if field == "slug" else {}
    assert changes.tables == {"orgs.Organization": (0, 1, 0)} | former
    assert changes.events == [event("organization.updated", organization, admin, organization, changed=[field])]


def test_nothing_to_change_is_refused(by, organization):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization), {})) == NOTHING_TO_CHANGE

    assert changes.nothing


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": "a\u200bb"}, {"name": ["The character U+200B at position 2 is not allowed here."]}),
        ({"language": "xx"}, {"language": ["One of these is expected: en, de."]}),
        ({"language": ""}, {"language": ["One of these is expected: en, de."]}),
        ({"slug": None}, {"slug": ["This field may not be null."]}),
        ({"description": "x" * 2001}, {"description": ["Ensure this field has no more than 2000 characters."]}),
        ({"description": "\x07"}, {"description": ["The character U+0007 at position 1 is not allowed here."]}),
        ({"archivedAt": None}, {"archivedAt": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, change, fields):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization), change)) == invalid(**fields)

    assert changes.nothing


def test_a_taken_slug_is_a_conflict(by, organization, other_organization):
    with track_changes() as changes:
        assert said(by("owner").patch(at(organization), {"slug": "hillside"})) == SLUG_TAKEN

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(ADMIN))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).patch(at(organization), {"name": "Mine"})) == answer

    assert changes.nothing
