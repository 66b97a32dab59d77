"""DELETE /organizations/{id}: archive an organization."""

import pytest

from orgs.models import Organization
from orgs.permissions import OWN
from tests.orgs.api.house import ANONYMOUS, OUTSIDER, at, lacking, organization_row, said, success
from tests.support.changes import event, track_changes


def test_the_owner_archives_it_and_it_is_not_found(by, organization, owner):
    with track_changes() as changes:
        answer = said(by("owner").delete(at(organization)))

    assert Organization.objects.get(pk=organization.pk).is_archived
    row = organization_row(organization, role_name="owner")
    assert row["archivedAt"] is not None
    assert answer == success("Organization archived successfully", row)
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [event("organization.archived", organization, owner, organization)]
    for who in ("owner", "admin", "member"):
        assert said(by(who).get(at(organization))) == OUTSIDER


def test_what_is_archived_cannot_be_archived_again(by, organization):
    by("owner").delete(at(organization))

    with track_changes() as changes:
        assert said(by("owner").delete(at(organization))) == OUTSIDER

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(OWN)), ("admin", lacking(OWN))],
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(at(organization))) == answer

    assert changes.nothing
