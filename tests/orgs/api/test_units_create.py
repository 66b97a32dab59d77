"""POST /organizations/{id}/workspaces and …/applications."""

import pytest

from core.api.serializers import format_time
from orgs.models import Unit
from orgs.permissions import CREATE_PROJECTS
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, SLUG_TAKEN, at, invalid, lacking, said, success
from tests.support.changes import event, track_changes

MESSAGE = "Unit created successfully"


def test_members_who_may_create_projects_create_units(by, organization, editor, kind):
    body = {"name": "Studio", "slug": "the-studio", "pictureUrl": "https://example.com/studio.png"}

    client = by("editor")
    with track_changes() as changes:
        answer = said(client.post(at(organization, kind), body))

    unit = Unit.objects.get()
    assert answer == success(
        MESSAGE,
        {
            "id": str(unit.pk),
            "kind": kind.removesuffix("s"),
            **body,
            "createdAt": format_time(unit.created_at),
            "updatedAt": format_time(unit.updated_at),
        },
        status=201,
    )
    assert changes.tables == {"orgs.Unit": (1, 0, 0)}
    assert changes.events == [event("unit.created", unit, editor, organization, unit_kind=unit.kind)]


def test_a_name_is_enough(by, organization, kind):
    data = by("owner").post(at(organization, kind), {"name": "Studio One"}).json()["data"]

    assert (data["slug"], data["pictureUrl"]) == ("studio-one", None)


def test_slugs_are_unique_per_kind(by, organization, workspace):
    body = {"name": "Other", "slug": "design"}

    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "workspaces"), body)) == SLUG_TAKEN
    assert changes.nothing

    assert said(by("owner").post(at(organization, "applications"), body))[0] == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": "\u202e"}, {"name": ["The character U+202E at position 1 is not allowed here."]}),
        ({"name": "Studio", "pictureUrl": "data:,x"}, {"pictureUrl": ["Enter a valid URL."]}),
        ({"name": "Studio", "kind": "application"}, {"kind": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, kind, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(at(organization, kind), body)) == invalid(**fields)

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(CREATE_PROJECTS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, kind, who, answer):
    with track_changes() as changes:
        assert said(by(who).post(at(organization, kind), {"name": "Studio"})) == answer

    assert changes.nothing
