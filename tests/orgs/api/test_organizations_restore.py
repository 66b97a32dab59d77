"""POST /organizations/{id}/restore: restore an archived organization."""

import pytest
from django.utils import timezone

from orgs.models import Organization
from orgs.permissions import OWN
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, invalid, lacking, organization_row, said, success
from tests.support.changes import event, track_changes

MESSAGE = "Organization restored successfully"


@pytest.fixture
def archived(organization):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())
    return organization


def test_the_owner_restores_it(by, archived, owner):
    with track_changes() as changes:
        answer = said(by("owner").post(at(archived, "restore")))

    row = organization_row(archived, role_name="owner")
    assert row["archivedAt"] is None
    assert answer == success(MESSAGE, row)
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [event("organization.restored", archived, owner, archived)]
    assert said(by("member").get(at(archived)))[0] == 200


def test_what_is_not_archived_stays_as_it_is(by, organization):
    with track_changes() as changes:
        answer = said(by("owner").post(at(organization, "restore")))

    assert answer == success(MESSAGE, organization_row(organization, role_name="owner"))
    assert changes.nothing


def test_a_body_is_refused(by, archived):
    with track_changes() as changes:
        assert said(by("owner").post(at(archived, "restore"), {"name": "New"})) == invalid(
            name=["This field is unknown."]
        )

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(OWN)), ("admin", lacking(OWN))],
)
def test_callers_without_permission_are_refused(by, archived, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).post(at(archived, "restore"))) == answer

    assert changes.nothing
