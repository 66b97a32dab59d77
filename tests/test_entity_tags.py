"""Entity tags of the house API: `ETag` and `If-None-Match` of single resources, and `If-Match` of their writes."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import User
from orgs.actions.organizations import archive_organization
from tests.factories import OrganizationFactory
from tests.support.changes import track_changes
from tests.support.openapi import assert_documented
from tests.support.operations import World, house_operations
from tests.support.people import cast_member, session_of
from tests.support.queries import assert_queries
from tests.support.request_ids import json_without_request_id

OPERATIONS = {key: (route, declared) for key, route, declared in house_operations()}
TAGGED = [key for key, (_, declared) in OPERATIONS.items() if "If-None-Match" in declared.headers]
GUARDED = [key for key, (_, declared) in OPERATIONS.items() if "If-Match" in declared.headers]
# What a caller reads about a resource, but cannot change.
REPORTS = {"organizations.statistics", "organization_invitations.explain", "users.export_profile"}
# An archived organization cannot be read, so it has no tag.
ARCHIVED = {"organizations.restore", "organizations.purge"}
# Operations whose body in `World` changes something that the resource shows.
CHANGES = [key for key in GUARDED if "update" in key or "replace" in key if key != "members.partial_update"]
STALE = {
    "success": False,
    "message": "This has changed since you read it. Read it again, then decide whether to repeat your request.",
    "error": {
        "code": "resource_changed",
        "message": "This has changed since you read it. Read it again, then decide whether to repeat your request.",
    },
}


class Scene(NamedTuple):
    """The objects of the operations, and the people who call them."""

    world: World
    owner: User
    invitee: User


def make_scene() -> Scene:
    owner, invitee = cast_member("owner"), cast_member("invitee")
    return Scene(World(OrganizationFactory.create(slug="riverside", owners=[owner]), owner), owner, invitee)


@pytest.fixture(scope="module")
def first_scene(kept: Callable[[Callable[[], Scene]], Scene]) -> Scene:
    return kept(make_scene)


@pytest.fixture
def scene(first_scene: Scene, db: None) -> Scene:
    return deepcopy(first_scene)


def ask(scene: Scene, operation: str, **headers: str) -> Any:
    """Call an operation as somebody who may, with these headers in addition."""
    who = "invitee" if operation.startswith("my_") else "owner"
    client: APIClient = scene.world.client(who, getattr(scene, who))
    client.defaults.update({f"HTTP_{name.upper()}": value for name, value in headers.items()})
    return scene.world.ask(client, operation, who, OPERATIONS[operation][0])


def tag_of(scene: Scene, guarded: str) -> str:
    """Return the tag of the resource that an operation changes."""
    resource = guarded.partition(".")[0]
    response = ask(scene, "users.profile" if resource == "users" else f"{resource}.retrieve")
    assert response.status_code == 200
    return str(response.headers["ETag"])


def test_every_single_resource_has_a_tag():
    single = {
        key
        for key, (route, declared) in OPERATIONS.items()
        if route.method == "get" and not (declared.pagination_class or declared.many or declared.media_type)
    }
    assert single - REPORTS == set(TAGGED)


def test_every_write_of_a_resource_can_have_a_precondition():
    read = {key.partition(".")[0]: OPERATIONS[key][0].names for key in TAGGED if key.endswith(".retrieve")}
    writes = {
        key
        for key, (route, _) in OPERATIONS.items()
        if route.method != "get" and read.get(key.partition(".")[0], {"none"}) <= route.names
    }
    assert writes - ARCHIVED | {"users.replace_profile", "users.update_profile"} == set(GUARDED)


@pytest.mark.parametrize("operation", TAGGED)
def test_a_resource_that_the_client_has_is_not_sent_again(operation: str, scene: Scene):
    first = ask(scene, operation)
    tag = first.headers["ETag"]
    again = [ask(scene, operation, if_none_match=known) for known in (tag, f"W/{tag}", f'"other", {tag}', "*")]
    other = ask(scene, operation, if_none_match='"other"')

    assert tag.startswith('"')
    assert [(one.status_code, one.content, one.headers["ETag"]) for one in again] == [(304, b"", tag)] * 4
    assert all("Content-Type" not in one.headers and one.headers["Cache-Control"] == "no-store" for one in again)
    assert (other.status_code, other.content, other.headers["ETag"]) == (200, first.content, tag)
    assert_documented(operation, first)


@pytest.mark.parametrize("operation", GUARDED)
@pytest.mark.parametrize("weak", ["", "W/"])
def test_a_stale_write_is_refused_and_changes_nothing(operation: str, weak: str, scene: Scene):
    tag = f"W/{tag_of(scene, operation)}" if weak else '"stale"'
    with track_changes() as changes:
        response = ask(scene, operation, if_match=tag)

    assert (response.status_code, json_without_request_id(response)) == (412, STALE)
    assert changes.nothing
    assert_documented(operation, response)


@pytest.mark.parametrize("operation", GUARDED)
def test_a_write_of_an_unchanged_resource_does_the_same_as_without_a_precondition(operation: str, scene: Scene):
    tag = tag_of(scene, operation)
    outcomes = []
    for headers in ({}, {"if_match": tag}, {"if_match": f'"other" , {tag}'}, {"if_match": "*"}):
        with transaction.atomic():
            with track_changes() as changes:
                response = ask(scene, operation, **headers)
            transaction.set_rollback(True)
        outcomes.append((response.status_code, changes.tables, [one.kind for one in changes.events]))

    assert outcomes == outcomes[:1] * 4
    assert outcomes[0][0] != 412


@pytest.mark.parametrize("operation", CHANGES)
def test_a_change_makes_the_tag_stale(operation: str, scene: Scene):
    tag = tag_of(scene, operation)
    assert ask(scene, operation, if_match=tag).status_code == 200

    assert ask(scene, operation, if_match=tag).status_code == 412
    assert ask(scene, operation, if_match=tag_of(scene, operation)).status_code == 200


def test_a_repeated_request_with_a_key_gets_its_response_also_when_the_tag_is_stale(scene: Scene):
    operation = "organization_invitations.resend"
    headers = {"if_match": tag_of(scene, operation), "idempotency_key": "one"}
    first, again = (ask(scene, operation, **headers) for _ in range(2))
    without_key = ask(scene, operation, if_match=headers["if_match"])

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert without_key.status_code == 412


def test_callers_who_see_different_fields_have_different_tags(scene: Scene):
    """The newcomer does not see the colleague's email address."""
    operation, world = "members.retrieve", scene.world
    names = world.names(operation) | {"member_id": world.colleague.pk}
    route, readers = OPERATIONS[operation][0], {"owner": scene.owner, "newcomer": world.newcomer.user}
    answers = [world.ask(world.client(who, user), operation, who, route, names) for who, user in readers.items()]

    assert [answer.json()["data"]["email"] for answer in answers] == ["colleague@example.com", None]
    assert len({answer.headers["ETag"] for answer in answers}) == 2


@pytest.mark.parametrize("tag", ["stale", '"open', '"a" "b"', '"a",', "*, *", "w/"])
def test_malformed_tags_are_refused(tag: str, scene: Scene):
    answers = [ask(scene, "users.update_profile", if_match=tag), ask(scene, "users.profile", if_none_match=tag)]

    assert [(one.status_code, one.json()["error"]["code"]) for one in answers] == [(400, "invalid_header")] * 2
    assert [list(one.json()["error"]["fields"]) for one in answers] == [["If-Match"], ["If-None-Match"]]


def test_a_resource_that_is_gone_is_not_found(scene: Scene):
    operation = "organization_roles.partial_update"
    tag = tag_of(scene, operation)
    archive_organization(by=session_of(scene.owner), organization_id=scene.world.organization.pk)

    assert ask(scene, operation, if_match=tag).status_code == 404


def test_a_tag_needs_no_query(scene: Scene):
    tag = tag_of(scene, "organization_roles.retrieve")
    client = scene.world.client("owner", scene.owner)
    path = f"/api/v0/organizations/{scene.world.organization.pk}/roles/{scene.world.role.pk}"
    with assert_queries(organization="SELECT orgs_roleassignment", role="SELECT orgs_role"):
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
