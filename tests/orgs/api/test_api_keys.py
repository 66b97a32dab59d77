"""GET /api-keys, and GET, PUT, PATCH and DELETE /api-keys/{id}."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import Method
from orgs.actions.api_keys import create_api_key
from orgs.models import ApiKey, Organization
from orgs.permissions import LIST_PROJECTS
from tests.factories import MembershipFactory, OrganizationFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    DONE,
    NO_ORGANIZATION_YET,
    NOTHING_TO_CHANGE,
    OUTSIDER,
    invalid,
    invalid_query,
    key_row,
    listed,
    refused,
    said,
    success,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of
from tests.support.queries import assert_queries

PATH = f"{API}/api-keys"
LISTED = "API keys retrieved successfully"
SHOWN = "API key retrieved successfully"
UPDATED = "API key updated successfully"
NO_KEY = refused(404, "api_key_not_found", "There is no such API key.")


def make_key(by: User, organization: Organization, name: str, **values) -> ApiKey:
    return create_api_key(by=session_of(by), organization_id=organization.pk, name=name, **values)[0]


@pytest.fixture
def key(organization, member):
    return make_key(member, organization, "Nightly", description="Imports.")


@pytest.fixture
def robot_key(organization, owner):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    return make_key(owner, organization, "Robot", membership_id=membership_of(system_user, organization).pk)


def at(key: ApiKey) -> str:
    return f"{PATH}/{key.pk}"


def test_everybody_sees_their_own_newest_first_and_no_secret(by, organization, owner, member, key, robot_key):
    newer = make_key(member, organization, "Hourly")
    make_key(owner, organization, "Owner's")

    with assert_queries(
        which="SELECT orgs_membership",
        organization="SELECT orgs_roleassignment",
        keys="SELECT orgs_apikey",
    ):
        answer = said(by("member").get(PATH))

    assert answer == listed(LISTED, [key_row(newer), key_row(key)])


def test_managers_of_members_also_see_those_of_system_users(by, organization, admin, manager, key, robot_key):
    assert said(by("admin").get(PATH)) == said(by("manager").get(PATH)) == listed(LISTED, [key_row(robot_key)])


def test_pages(by, organization, key):
    assert said(by("member").get(PATH, {"page": "2", "limit": "1"})) == listed(
        LISTED, [], page=2, limit=1, total=1, pages=1, hasPrev=True
    )
    assert said(by("member").get(PATH, {"limit": "101"})) == invalid_query(
        limit=["A whole number from 1 to 100 is expected."]
    )
    assert said(by("member").get(PATH, {"secret": "x"})) == invalid_query(secret=["This parameter is unknown."])


def test_only_keys_of_the_current_organization_are_listed(by, organization, member, key):
    annex = OrganizationFactory.create(slug="annex")
    MembershipFactory.create(organization=annex, user=member)
    elsewhere = make_key(member, annex, "Elsewhere")
    there = {"headers": {"X-Organization-Id": str(annex.pk)}}

    assert said(by("member").get(PATH, **there)) == listed(LISTED, [key_row(elsewhere)])
    assert said(by("member").get(at(elsewhere))) == NO_KEY
    assert said(by("member").get(at(elsewhere), **there)) == success(SHOWN, key_row(elsewhere))


def test_a_key_sees_the_keys_of_its_member(by, organization, key):
    client = by("member", method=Method.API_KEY, organization_id=organization.pk)

    assert said(client.get(PATH)) == listed(LISTED, [key_row(key)])


def test_one_is_shown(by, key):
    assert said(by("member").get(at(key))) == success(
        SHOWN, key_row(key) | {"name": "Nightly", "description": "Imports.", "permissions": None}
    )


@pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
def test_keys_of_others_and_unknown_keys_get_the_same_response(by, organization, admin, key, verb):
    body = {} if verb in ("get", "delete") else {"name": "Mine"}

    with track_changes() as changes:
        assert said(getattr(by("admin"), verb)(at(key), body)) == NO_KEY
        assert said(getattr(by("admin"), verb)(f"{PATH}/{ABSENT}", body)) == NO_KEY

    assert changes.nothing


def test_put_replaces_name_and_description(by, organization, member, key):
    with track_changes() as changes:
        answer = said(by("member").put(at(key), {"name": "Weekly"}))

    assert answer == success(UPDATED, key_row(ApiKey.objects.get()) | {"name": "Weekly", "description": ""})
    assert changes.tables == {"orgs.ApiKey": (0, 1, 0)}
    assert changes.events == [event("api_key.described", key, member, organization, changed=["description", "name"])]


def test_patch_changes_the_given_fields(by, organization, key):
    answer = said(by("member").patch(at(key), {"description": "Exports."}))

    assert answer == success(UPDATED, key_row(ApiKey.objects.get()) | {"name": "Nightly", "description": "Exports."})


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, NOTHING_TO_CHANGE),
        ({"name": ""}, invalid(name=["This field may not be blank."])),
        ({"permissions": []}, invalid(permissions=["This field is unknown."])),
        ({"expiresAt": None}, invalid(expiresAt=["This field is unknown."])),
    ],
)
def test_the_permissions_of_a_key_cannot_be_changed(by, key, body, answer):
    with track_changes() as changes:
        assert said(by("member").patch(at(key), body)) == answer

    assert changes.nothing


def test_a_deleted_key_is_refused_from_then_on(by, organization, member):
    key, secret = create_api_key(by=session_of(member), organization_id=organization.pk, name="Nightly")
    client = APIClient(headers={"X-API-Key": secret})
    assert client.get(PATH).status_code == 200

    with track_changes() as changes:
        assert said(by("member").delete(at(key))) == DONE

    assert changes.tables == {"orgs.ApiKey": (0, 0, 1)}
    assert changes.events == [
        event("api_key.deleted", key, member, organization, membership_id=membership_of(member, organization).pk)
    ]
    assert said(client.get(PATH)) == refused(401, "invalid_credentials", "This credential is not valid.")
    assert said(by("member").delete(at(key))) == NO_KEY


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_a_limited_key_cannot_change_keys_with_more_permissions(by, organization, member, key, verb):
    as_narrow = make_key(member, organization, "Reads too", permissions=frozenset({LIST_PROJECTS}))
    client = by(
        "member", method=Method.API_KEY, organization_id=organization.pk, permissions=frozenset({LIST_PROJECTS})
    )
    body = {} if verb == "delete" else {"name": "Mine"}

    with track_changes() as changes:
        status, refusal = said(getattr(client, verb)(at(key), body))

    assert (status, refusal["error"]["code"]) == (403, "grant_too_wide")
    assert changes.nothing
    assert getattr(client, verb)(at(as_narrow), body).status_code in (200, 204)


def test_managers_of_members_delete_those_of_system_users(by, manager, robot_key):
    assert said(by("manager").delete(at(robot_key))) == DONE


def test_callers_without_permission_are_refused(by, organization, stranger, key):
    named = {"headers": {"X-Organization-Id": str(organization.pk)}}
    for path, verbs in ((PATH, ["get"]), (at(key), ["get", "put", "patch", "delete"])):
        for verb in verbs:
            body = {} if verb in ("get", "delete") else {"name": "Mine"}
            assert said(getattr(by("anonymous"), verb)(path, body)) == ANONYMOUS
            assert said(getattr(by("stranger"), verb)(path, body)) == NO_ORGANIZATION_YET
            assert said(getattr(by("stranger"), verb)(path, body, **named)) == OUTSIDER
