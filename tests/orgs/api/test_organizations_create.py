"""POST /organizations: register an organization."""

import pytest

from accounts.principals import Method
from orgs.models import Organization
from tests.orgs.api.house import (
    ANONYMOUS,
    API,
    PROFILE,
    SLUG_TAKEN,
    invalid,
    organization_row,
    refused,
    role,
    said,
    success,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

PATH = f"{API}/organizations"
MESSAGE = "Organization registered successfully"


def test_the_caller_becomes_its_owner(by, owner):
    with track_changes() as changes:
        answer = said(by("owner").post(PATH, PROFILE))

    organization = Organization.objects.get()
    assert answer == success(
        MESSAGE,
        {
            "id": str(organization.pk),
            **PROFILE,
            "secondFactorRequired": False,
            "defaultRole": None,
            "seatLimit": None,
            "memberCount": 1,
            "role": role("owner"),
            "createdAt": organization_row(organization, role_name="owner")["createdAt"],
            "updatedAt": organization_row(organization, role_name="owner")["updatedAt"],
            "archivedAt": None,
        },
        status=201,
    )
    mine = membership_of(owner, organization)
    assert changes.tables == {
        "orgs.Organization": (1, 0, 0),
        "orgs.Membership": (1, 0, 0),
        "orgs.RoleAssignment": (1, 0, 0),
    }
    assert changes.events == [
        event("organization.created", organization, owner, organization),
        event(
            "membership.created",
            mine,
            owner,
            organization,
            user_id=owner.pk,
            role_id=role("owner")["id"],
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        ),
    ]


def test_a_name_is_enough(by, owner):
    answer = said(by("owner").post(PATH, {"name": "Ünited Riverside"}))

    organization = Organization.objects.get()
    assert organization.slug == "united-riverside"
    assert answer == success(MESSAGE, organization_row(organization, role_name="owner", members=1), status=201)


def test_a_repeated_name_gets_another_slug(by, organization, stranger):
    answer = by("stranger").post(PATH, {"name": "Riverside"}).json()

    assert answer["data"]["slug"].startswith("riverside-")


def test_null_means_no_url_and_no_language(by, owner):
    answer = by("owner").post(PATH, {"name": "Riverside", "logoUrl": None, "website": None, "language": None}).json()

    assert (answer["data"]["logoUrl"], answer["data"]["website"], answer["data"]["language"]) == (None, None, None)


def test_a_taken_slug_is_a_conflict(by, organization, stranger):
    with track_changes() as changes:
        assert said(by("stranger").post(PATH, {"name": "Mine", "slug": "riverside"})) == SLUG_TAKEN

    assert changes.nothing


SLUG_FORM = "Use 3 to 128 lower-case letters, digits and inner hyphens, and nothing that looks like an id."


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": 5}, {"name": ["Not a valid string."]}),
        ({"name": "Riverside", "language": "fr"}, {"language": ["One of these is expected: en, de."]}),
        ({"name": "Riverside", "language": "DE"}, {"language": ["One of these is expected: en, de."]}),
        ({"name": "Riverside", "language": ["de"]}, {"language": ["One of these is expected: en, de."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": " "}, {"name": ["This field may not be blank."]}),
        ({"name": "River\u202eside"}, {"name": ["The character U+202E at position 6 is not allowed here."]}),
        ({"name": "x" * 257}, {"name": ["Ensure this field has no more than 256 characters."]}),
        ({"name": "Riverside", "slug": "River"}, {"slug": [SLUG_FORM]}),
        ({"name": "Riverside", "slug": "f" * 24}, {"slug": [SLUG_FORM]}),
        ({"name": "Riverside", "slug": ""}, {"slug": ["This field may not be blank."]}),
        ({"name": "Riverside", "website": "javascript:alert(1)"}, {"website": ["Enter a valid URL."]}),
        ({"name": "Riverside", "website": "ftp://example.com/"}, {"website": ["Enter a valid URL."]}),
        (
            {"name": "Riverside", "logoUrl": "https://example.com/\u202egvs"},
            {"logoUrl": ["The character U+202E at position 21 is not allowed here."]},
        ),
        ({"name": "Riverside", "seatLimit": 5}, {"seatLimit": ["This field is unknown."]}),
        ({"name": "Riverside", "ownerId": "x"}, {"ownerId": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_fields_and_nothing_is_written(by, owner, body, fields):
    with track_changes() as changes:
        assert said(by("owner").post(PATH, body)) == invalid(**fields)

    assert changes.nothing


def test_anonymous_requests_get_401(by, db):
    assert said(by("anonymous").post(PATH, PROFILE)) == ANONYMOUS


def test_a_system_user_cannot_register_an_organization(by, organization):
    client = by("owner", method=Method.API_KEY, organization_id=organization.pk)

    with track_changes() as changes:
        status, body = said(client.post(PATH, PROFILE))

    assert (status, body["error"]["code"]) == (403, "credential_not_allowed")
    assert changes.nothing


def test_a_query_is_refused(by, owner):
    assert said(by("owner").post(f"{PATH}?dryRun=true", PROFILE)) == refused(
        400,
        "invalid_query",
        "Some query parameters are not valid.",
        fields={"dryRun": ["This parameter is unknown."]},
    )
