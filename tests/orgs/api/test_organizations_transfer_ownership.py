"""POST /organizations/{id}/transfer-ownership: make another person the owner."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orgs.actions.accounts import register_system_user
from orgs.permissions import MANAGE_BILLING, OWN, VIEWER_ROLE
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    NO_MEMBER,
    OUTSIDER,
    at,
    invalid,
    lacking,
    member_row,
    refused,
    role,
    said,
    success,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

NOT_A_PERSON = refused(
    422, "unprocessable", "Ownership goes to another person.", fields={"memberId": ["Name another active person."]}
)


def test_the_new_owner_owns_it_and_the_former_owner_is_an_admin(by, organization, owner, member):
    new_owner = membership_of(member, organization)
    new_owner.permissions = [MANAGE_BILLING]
    new_owner.save()

    with track_changes() as changes:
        answer = said(by("owner").post(at(organization, "transfer-ownership"), {"memberId": str(new_owner.pk)}))

    row = member_row(member, organization)
    assert (row["role"], row["permissions"]) == (role("owner"), [])
    assert answer == success("Ownership transferred successfully", row)
    assert member_row(owner, organization)["role"] == role("admin")
    assert changes.tables == {"orgs.Membership": (0, 2, 0), "orgs.RoleAssignment": (0, 2, 0)}
    assert [told.kind for told in changes.events[:-1]] == ["membership.roles_changed"] * 2
    assert changes.events[-1] == event(
        "organization.ownership_transferred", organization, owner, organization, user_id=member.pk
    )


def test_a_system_user_and_the_caller_cannot_be_the_new_owner(by, organization, owner, principal):
    robot = register_system_user(
        by=principal(owner), organization_id=organization.pk, name="Robot", role_id=VIEWER_ROLE
    )

    for new_owner in (robot, membership_of(owner, organization)):
        with track_changes() as changes:
            answer = said(by("owner").post(at(organization, "transfer-ownership"), {"memberId": str(new_owner.pk)}))
        assert answer == NOT_A_PERSON
        assert changes.nothing


def test_foreign_and_unknown_members_get_the_same_response(by, organization, other_organization, stranger):
    for key in (membership_of(stranger, other_organization).pk, ABSENT):
        with track_changes() as changes:
            answer = said(by("owner").post(at(organization, "transfer-ownership"), {"memberId": str(key)}))
        assert answer == NO_MEMBER
        assert changes.nothing


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"memberId": ["This field is required."]}),
        ({"memberId": "x"}, {"memberId": ["Must be a valid UUID."]}),
        ({"memberId": 5}, {"memberId": ["Must be a valid UUID."]}),
        ({"memberId": "{" + ABSENT + "}"}, {"memberId": ["Must be a valid UUID."]}),
    ],
)
def test_errors_name_the_invalid_fields(by, organization, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "transfer-ownership"), body)) == invalid(**fields)

    assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(OWN)), ("admin", lacking(OWN))],
)
def test_callers_without_permission_are_refused(by, organization, other_organization, member, who, answer):
    body = {"memberId": str(membership_of(member, organization).pk)}

    with track_changes() as changes:
        assert said(by(who).post(at(organization, "transfer-ownership"), body)) == answer

    assert changes.nothing


def test_it_takes_a_recent_sign_in(by, organization, member):
    body = {"memberId": str(membership_of(member, organization).pk)}
    client = by("owner", authenticated_at=timezone.now() - timedelta(days=2))

    with track_changes() as changes:
        status, answer = said(client.post(at(organization, "transfer-ownership"), body))

    assert (status, answer["error"]["code"]) == (403, "recent_sign_in_required")
    assert changes.nothing
