"""Test that a role can be given by its name wherever it can be given by its ID."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orgs.models import Membership, Role
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, UNIT_EDITOR_ROLE, VIEWER_ROLE
from perfectworks.urls import DOCUMENTS
from tests.factories import InvitationFactory, RoleFactory
from tests.orgs.api.house import API, at, invalid, invalid_query, refused, said
from tests.support.changes import track_changes
from tests.support.people import membership_of

NEWCOMER = {"email": "newcomer@example.com"}


def unknown(field: str) -> Any:
    return refused(422, "unknown_role", "This organization has no such role.", fields={field: ["Unknown role."]})


@pytest.fixture
def helper(organization):
    return RoleFactory.create(organization=organization, name="Büro-Hilfe", permissions=[LIST_PROJECTS])


@pytest.fixture
def guide(organization):
    """A custom role in units."""
    return RoleFactory.create(organization=organization, name="Guide", level="unit", permissions=["unit:view"])


@pytest.fixture
def places(by, owner, member, organization, workspace):
    """For each operation that takes a role of the organization, a function that sends the body."""
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    target = membership_of(member, organization).pk
    client = by("owner")
    return {
        "invite": lambda body: client.post(at(organization, "invitations"), NEWCOMER | body),
        "invite to the current": lambda body: client.post(f"{API}/organization-members/invite", NEWCOMER | body),
        "edit an invitation": lambda body: client.patch(at(organization, "invitations", invitation.pk), body),
        "change a member": lambda body: client.patch(f"{API}/organization-members/{target}", body),
        "register a system user": lambda body: client.post(f"{API}/users/system", {"name": "Robot"} | body),
    }


PLACES = ["invite", "invite to the current", "edit an invitation", "change a member", "register a system user"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["editor", "EDITOR", " Editor "])
def test_a_built_in_role_by_its_name_in_any_letter_case(places, place, name):
    answer = said(places[place]({"role": name}))

    assert answer[1]["data"]["role"] == {"id": str(EDITOR_ROLE), "name": "editor"}


@pytest.mark.parametrize("place", PLACES)
def test_a_custom_role_by_its_name_in_any_letter_case_and_composition(places, place, helper):
    answer = said(places[place]({"role": "BU\N{COMBINING DIAERESIS}RO-HILFE"}))

    assert answer[1]["data"]["role"] == {"id": str(helper.pk), "name": "Büro-Hilfe"}


@pytest.mark.parametrize("place", PLACES)
def test_an_unknown_name_is_refused_like_an_unknown_id(places, place, other_organization, guide):
    RoleFactory.create(organization=other_organization, name="Foreign")

    with track_changes() as changes:
        for name in ("emperor", "Foreign", "Guide", str(VIEWER_ROLE), "%"):
            assert said(places[place]({"role": name})) == unknown("role")
    assert changes.nothing


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["", "  ", None, 5, ["viewer"], "x" * 65, "view\x00er"])
def test_what_is_no_name_is_refused(places, place, name):
    with track_changes() as changes:
        status, body = said(places[place]({"role": name}))

    assert (status, list(body["error"]["fields"])) == (400, ["role"])
    assert changes.nothing


@pytest.mark.parametrize("place", PLACES)
def test_a_role_is_given_once(places, place):
    with track_changes() as changes:
        answer = said(places[place]({"role": "viewer", "roleId": str(VIEWER_ROLE)}))

    assert answer == invalid(role=["Give either role or roleId."])
    assert changes.nothing


def test_a_system_user_needs_a_role(places):
    assert said(places["register a system user"]({})) == invalid(roleId=["This field is required."])


# Roles in units


@pytest.fixture
def collaborate(by, organization, workspace, member):
    path = at(organization, "workspaces", workspace.pk, "collaborators", membership_of(member, organization).pk)
    return lambda body: by("owner").put(path, body)


def test_a_role_in_a_unit_by_its_name(by, organization, workspace, collaborate, guide):
    for name, role in (("editor", UNIT_EDITOR_ROLE), ("GUIDE", guide.pk)):
        body = NEWCOMER | {"unitId": str(workspace.pk), "unitRole": name, "force": True}
        invited = by("owner").post(at(organization, "invitations"), body).json()["data"]
        assert invited["unitRole"]["id"] == str(role)
        assert collaborate({"role": name}).json()["data"]["role"]["id"] == str(role)

        path = at(organization, "invitations", invited["id"])
        assert by("owner").patch(path, {"unitRole": "Viewer"}).json()["data"]["unitRole"]["name"] == "viewer"


def test_unknown_repeated_and_missing_roles_in_a_unit_are_named(by, organization, workspace, collaborate, helper):
    body = NEWCOMER | {"unitId": str(workspace.pk), "unitRole": helper.name}
    twice = body | {"unitRoleId": str(UNIT_EDITOR_ROLE)}

    with track_changes() as changes:
        assert said(by("owner").post(at(organization, "invitations"), body)) == unknown("unitRole")
        assert said(by("owner").post(at(organization, "invitations"), twice)) == invalid(
            unitRole=["Give either unitRole or unitRoleId."]
        )
        assert said(collaborate({"role": helper.name})) == unknown("role")
        assert said(collaborate({})) == invalid(roleId=["This field is required."])
        assert said(collaborate({"role": "viewer", "roleId": str(UNIT_EDITOR_ROLE)})) == invalid(
            role=["Give either role or roleId."]
        )
    assert changes.nothing


# The role that takes the place of a deleted one


def test_a_deleted_role_is_replaced_by_a_role_with_this_name(by, organization, owner, member, helper):
    Membership.objects.get(user=member).assignments.update(role=helper)

    with track_changes() as changes:
        response = by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignToRole=VIEWER")

    assert response.status_code == 204
    assert membership_of(member, organization).organization_role.name == "viewer"
    assert changes.events[-1].data == {"reassigned_to": str(VIEWER_ROLE)}


def test_errors_name_the_parameter_of_the_successor(by, organization, helper):
    path = at(organization, "roles", helper.pk)

    with track_changes() as changes:
        assert said(by("owner").delete(f"{path}?reassignToRole=emperor")) == unknown("reassignToRole")
        assert said(by("owner").delete(f"{path}?reassignToRole=viewer&reassignTo={VIEWER_ROLE}")) == invalid_query(
            reassignToRole=["Give either reassignTo or reassignToRole."]
        )
        status, body = said(by("owner").delete(f"{path}?reassignToRole=owner"))
    assert (status, list(body["error"]["fields"])) == (422, ["reassignToRole"])
    assert changes.nothing
    assert Role.objects.filter(pk=helper.pk).exists()


# Every place


def properties() -> Iterator[tuple[str, list[str]]]:
    """Return the names of the properties of each body in the document of the house API."""
    document = json.loads(DOCUMENTS["house"].json)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                if name:
                    yield f"{method} {path}", list(document["components"]["schemas"][name]["properties"])


def test_no_body_takes_a_role_only_by_its_id():
    taking = {place: names for place, names in properties() if any(name.endswith("oleId") for name in names)}

    assert len(taking) >= len(PLACES) + 2
    for place, names in taking.items():
        for name in names:
            assert not name.endswith("oleId") or name.removesuffix("Id") in names, place
