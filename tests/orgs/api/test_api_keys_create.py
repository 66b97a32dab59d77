"""POST /api-keys: create an API key. Its secret is shown once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.principals import Method
from core.api.serializers import format_time
from orgs.models import ApiKey
from orgs.permissions import ADMIN, ADMIN_ROLE, LIST_PROJECTS, MANAGE_MEMBERS, VIEWER_ROLE
from tests.factories import MembershipFactory
from tests.orgs.api.house import (
    ANONYMOUS,
    API,
    NO_MEMBER,
    NO_ORGANIZATION_YET,
    invalid,
    key_row,
    refused,
    said,
    success,
    too_wide,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

PATH = f"{API}/api-keys"
MESSAGE = "API key created successfully"
NOT_YOURS = refused(403, "not_your_key", "You can make keys for yourself and for system users you manage.")


def test_a_key_for_oneself_shows_its_secret_once(by, organization, member):
    with track_changes() as changes:
        response = by("member").post(PATH, {"name": "Nightly"})

    key = ApiKey.objects.get()
    secret = response.json()["data"]["secret"]
    assert said(response) == success(
        MESSAGE,
        key_row(key)
        | {
            "name": "Nightly",
            "description": "",
            "permissions": None,
            "memberId": str(membership_of(member, organization).pk),
            "expiresAt": None,
            "lastUsedAt": None,
            "secret": secret,
        },
        201,
    )
    assert response["Cache-Control"] == "no-store"
    assert secret.startswith(key.prefix)
    assert len(secret) == 46
    assert secret not in str(list(ApiKey.objects.values()))
    assert changes.tables == {"orgs.ApiKey": (1, 0, 0)}
    assert changes.events == [
        event(
            "api_key.created", key, member, organization, membership_id=membership_of(member, organization).pk,
            permissions=None,
        )
    ]  # fmt: skip


def test_it_works_immediately(by, organization):
    secret = by("member").post(PATH, {"name": "Nightly"}).json()["data"]["secret"]

    status, body = said(APIClient().get(f"{API}/organizations/current", headers={"X-API-Key": secret}))

    assert (status, body["data"]["slug"]) == (200, "riverside")


def test_all_fields_can_be_given(by, organization, admin):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    until = timezone.now() + timedelta(days=30)
    body = {
        "name": "Nightly",
        "description": "Imports.\nEvery night.",
        "permissions": [MANAGE_MEMBERS, LIST_PROJECTS],
        "memberId": str(membership_of(system_user, organization).pk),
        "expiresAt": format_time(until),
    }

    answer = said(by("admin").post(PATH, body))

    assert answer == success(
        MESSAGE,
        key_row(ApiKey.objects.get())
        | {**body, "permissions": [LIST_PROJECTS, MANAGE_MEMBERS], "secret": answer[1]["data"]["secret"]},
        201,
    )


def test_an_empty_list_of_permissions_is_not_unlimited(by, organization):
    by("owner").post(PATH, {"name": "Nothing", "permissions": []})

    assert ApiKey.objects.get().permissions == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": "a\u0007b"}, {"name": ["The character U+0007 at position 2 is not allowed here."]}),
        ({"name": "x" * 129}, {"name": ["Ensure this field has no more than 128 characters."]}),
        ({"name": " " + "x" * 128}, {"name": ["Ensure this field has no more than 128 characters."]}),
        ({"description": "x" * 1001}, {"description": ["Ensure this field has no more than 1000 characters."]}),
        ({"permissions": "all"}, {"permissions": ['Expected a list of items but got type "str".']}),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, {"expiresAt": ["Choose a time in the future."]}),
        ({"memberId": "me"}, {"memberId": ["Must be a valid UUID."]}),
        ({"secret": "pw_mine"}, {"secret": ["This field is unknown."]}),
        ({"prefix": "pw_mine"}, {"prefix": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_input(by, organization, body, faults):
    name = {} if body == {} else {"name": "Nightly"}
    with track_changes() as changes:
        status, refusal = said(by("member").post(PATH, name | body))

    assert (status, refusal["error"]["fields"]) == (400, faults)
    assert changes.nothing


@pytest.mark.parametrize("moment", ["tomorrow", 5, "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_invalid_expiry_dates_are_refused(by, organization, moment):
    status, body = said(by("member").post(PATH, {"name": "Nightly", "expiresAt": moment}))

    assert (status, list(body["error"]["fields"])) == (400, ["expiresAt"])


def test_a_key_cannot_have_permissions_that_the_caller_lacks(by, organization):
    with track_changes() as changes:
        assert said(by("member").post(PATH, {"name": "Nightly", "permissions": [MANAGE_MEMBERS]})) == too_wide(
            MANAGE_MEMBERS, "unit:view"
        )
        assert said(by("owner").post(PATH, {"name": "Nightly", "permissions": ["organization:everything"]})) == refused(
            422,
            "unknown_permission",
            "There is no such permission to grant.",
            fields={"permissions": ["Unknown permission."]},
        )

    assert changes.nothing


def test_keys_are_for_the_caller_and_for_system_users(by, organization, member, admin):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=VIEWER_ROLE).user
    with track_changes() as changes:
        for who, whose, answer in (
            ("admin", member, NOT_YOURS),
            ("owner", admin, NOT_YOURS),
            ("member", system_user, NOT_YOURS),
        ):
            body = {"name": "Nightly", "memberId": str(membership_of(whose, organization).pk)}
            assert said(by(who).post(PATH, body)) == answer

    assert changes.nothing


def test_a_manager_cannot_create_one_for_a_system_user_with_more_permissions(by, organization, manager):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
    body = {"name": "Nightly", "memberId": str(membership_of(system_user, organization).pk)}

    with track_changes() as changes:
        status, refusal = said(by("manager").post(PATH, body))

    assert (status, refusal["error"]["code"]) == (403, "grant_too_wide")
    assert ADMIN in refusal["error"]["details"]["missingPermissions"]
    assert changes.nothing


def test_foreign_and_unknown_system_users_get_the_same_response(by, organization, other_organization, stranger):
    foreign = MembershipFactory.create(organization=other_organization, of_system_user=True).user

    assert (
        said(by("owner").post(PATH, {"name": "N", "memberId": str(membership_of(foreign, other_organization).pk)}))
        == said(by("owner").post(PATH, {"name": "N", "memberId": "01900000-0000-7000-8000-000000000000"}))
        == NO_MEMBER
    )


@pytest.mark.parametrize(
    ("who", "bounds", "code"),
    [
        ("owner", {"method": Method.API_KEY}, "credential_not_allowed"),
        ("owner", {"method": Method.OAUTH2}, "credential_not_allowed"),
        ("owner", {"authenticated_at": None}, "recent_sign_in_required"),
        ("owner", {"authenticated_at": timezone.now() - timedelta(minutes=16)}, "recent_sign_in_required"),
    ],
)
def test_it_requires_a_recent_sign_in(by, organization, who, bounds, code):
    with track_changes() as changes:
        status, body = said(by(who, **bounds).post(PATH, {"name": "Nightly"}))

    assert (status, body["error"]["code"]) == (403, code)
    assert changes.nothing


def test_callers_without_permission_are_refused(by, organization, stranger):
    assert said(by("anonymous").post(PATH, {"name": "Nightly"})) == ANONYMOUS
    assert said(by("stranger").post(PATH, {"name": "Nightly"})) == NO_ORGANIZATION_YET


def test_a_single_error_names_its_field(by, organization):
    assert said(by("member").post(PATH, {"name": ""})) == invalid(name=["This field may not be blank."])
