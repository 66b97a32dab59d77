"""A scope allows its operations and limits the permissions of the token."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from core.ids import to_ulid
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Membership, Organization
from orgs.oauth.scopes import ANY_ORGANIZATION, SCOPES
from orgs.permissions import GRANTABLE_DIRECTLY
from tests.accounts.oauth.exchange import Program, asked, result_of, token_of, tokens_of
from tests.factories import InvitationFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.people import membership_of
from tests.support.request_ids import json_without_request_id

API = "/api/v0"
MACHINE_REFUSED = {"detail": "This kind of credential is not accepted here."}

NARROW = frozenset(GRANTABLE_DIRECTLY)
WIDE = {"organizations", "organization:admin"}
MEMBERS = WIDE | {"organization:manage_members"}
NEW_PROJECTS = WIDE | {"organization:create_projects"}
PROJECTS = MEMBERS | NEW_PROJECTS | {"organization:list_projects"}

# Each operation, and the scopes that allow it.
REACHED = {
    ("get", "invitations"): {"invitations"},
    ("get", "users/profile"): {"profile"},
    ("patch", "users/profile"): {"profile"},
    ("get", "organizations"): {"organizations", *NARROW},
    ("get", "organizations/{id}"): {"organizations", *NARROW},
    ("get", "organizations/current"): {"organizations", *NARROW},
    ("get", "users/active-organization"): {"organizations", *NARROW},
    ("get", "organization-members"): MEMBERS,
    ("get", "organization-members/{member}"): MEMBERS,
    ("get", "organizations/{id}/roles"): MEMBERS,
    ("get", "organizations/{id}/events"): MEMBERS,
    ("get", "organizations/{id}/invitations"): MEMBERS,
    ("post", "organizations/{id}/invitations"): MEMBERS,
    ("get", "organizations/{id}/statistics"): MEMBERS,
    ("get", "organizations/{id}/workspaces/{workspace}/collaborators"): MEMBERS,
    ("get", "organizations/{id}/applications"): PROJECTS,
    ("get", "organizations/{id}/workspaces"): PROJECTS,
    ("get", "organizations/{id}/workspaces/{workspace}"): PROJECTS,
    ("post", "organizations/{id}/workspaces"): NEW_PROJECTS,
    ("patch", "organizations/{id}/workspaces/{workspace}"): WIDE,
    ("patch", "organizations/{id}"): WIDE,
    ("post", "organizations"): {"organizations"},
    ("get", "api-keys"): {"organizations"},
    # No scope allows these operations.
    ("delete", "users/profile"): set(),
    ("delete", "organizations/{id}/permanent"): set(),
    ("post", "organizations/{id}/transfer-ownership"): set(),
    ("post", "api-keys"): set(),
    ("get", "oauth-applications"): set(),
    ("post", "oauth-applications"): set(),
    ("get", "organization-members/invites"): set(),
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("patch", "users/profile"): {"firstName": "Robin"},
    ("patch", "organizations/{id}"): {"name": "Renamed"},
    ("post", "organizations"): {"name": "Another"},
    ("post", "organizations/{id}/invitations"): {"email": "newcomer@example.com"},
    ("post", "organizations/{id}/workspaces"): {"name": "Garden", "slug": "garden"},
    ("patch", "organizations/{id}/workspaces/{workspace}"): {"name": "Renamed"},
    ("post", "api-keys"): {"name": "Key"},
    ("post", "oauth-applications"): {"kind": "personal", "name": "Mine"},
}


@pytest.mark.parametrize("operation", REACHED, ids=" ".join)
def test_each_scope_reaches_what_it_says_and_no_more(
    program: Program, owner: User, organization: Organization, operation: tuple[str, str]
):
    method, path = operation
    workspace = UnitFactory.create(organization=organization, slug="orchard", kind="workspace")
    member = membership_of(owner, organization)
    address = f"{API}/{path.format(id=organization.pk, workspace=workspace.pk, member=member.pk)}"
    reached = set()
    for scope in SCOPES:
        token = token_of(program, owner, scope)
        response = getattr(Client(), method)(
            address,
            BODIES.get(operation, {}) if method != "get" else None,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code in (200, 201, 403, 409)
        reached |= {scope} if response.status_code != 403 else set()

    assert reached == REACHED[operation]


def test_the_scopes_that_would_do_are_named(program: Program, invitee: User):
    token = tokens_of(program, invitee, scope="profile")["access_token"]

    assert asked(token, f"{API}/invitations").json()["error"]["details"] == {"scopes": ["invitations"]}
    assert json_without_request_id(asked(token, f"{API}/organization-members"))["error"] == {
        "code": "scope_missing",
        "message": "This token does not have the required scope.",
        "details": {"scopes": ["organization:admin", "organization:manage_members", "organizations"]},
    }


def test_a_scope_gives_nobody_what_they_do_not_hold(program: Program, member: User, organization: Organization):
    token = tokens_of(program, member, scope="organizations organization:manage_members")["access_token"]

    response = asked(token, f"{API}/organizations/{organization.pk}/invitations")

    assert (response.status_code, response.json()["error"]["code"]) == (403, "permission_missing")


def test_the_scopes_in_words_are_all_there_are():
    assert set(SCOPES) == {"profile", "invitations", "organizations"} | GRANTABLE_DIRECTLY
    assert {"organizations"} | GRANTABLE_DIRECTLY == ANY_ORGANIZATION


# Clients without a person


INVITEE_S = {
    "list": ("get", "invitations"),
    "retrieve": ("get", "invitations/{id}"),
    "accept": ("post", "invitations/{id}/accept"),
    "decline": ("post", "invitations/{id}/decline"),
    "join": ("put", "organization-members/join"),
}


def asks_as_invitee(token: str, operation: str, invitation: Invitation) -> Any:
    method, path = INVITEE_S[operation]
    body = {"invitationId": str(invitation.pk)} if operation == "join" else {}
    return getattr(Client(), method)(
        f"{API}/{path.format(id=invitation.pk)}",
        body if method != "get" else None,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("operation", INVITEE_S)
def test_a_machine_is_no_invitee(service: Program, owner: User, organization: Organization, operation: str):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    token = result_of(service.gets_token())[1]["access_token"]

    with track_changes() as changes:
        response = asks_as_invitee(token, operation, invitation)

    assert (response.status_code, json_without_request_id(response)["error"]) == (
        403,
        {
            "code": "credential_not_allowed",
            "message": "This kind of credential is not accepted here.",
            "details": {"allowed": ["jwt", "oauth2", "session"]},
        },
    )
    assert changes.nothing


@pytest.mark.parametrize("operation", INVITEE_S)
def test_a_client_that_acts_for_its_owner_is_that_person(
    personal: Program, owner: User, organization: Organization, operation: str
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    token = result_of(personal.gets_token())[1]["access_token"]

    assert asks_as_invitee(token, operation, invitation).status_code == 200


@pytest.mark.parametrize("who", ["person", "machine"])
def test_what_anybody_may_needs_no_scope(
    program: Program, service: Program, invitee: User, owner: User, organization: Organization, who: str
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    tokens = (
        tokens_of(program, invitee, scope="profile")
        if who == "person"
        else result_of(service.gets_token(scope="profile"))[1]
    )
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    link = {"token": token_for(invitation, Purpose.LISTED)}

    assert Client(headers=headers).get(f"{API}/organizations/slug/riverside").status_code == 200
    response = Client(headers=headers).post(f"{API}/invitations/lookup", link, content_type="application/json")
    assert response.status_code == 200


# Dialects


@pytest.mark.parametrize("scope", ["invitations", "profile", "organizations"])
def test_zenml_takes_the_token_of_a_person_with_the_scope(
    program: Program, invitee: User, owner: User, organization: Organization, scope: str
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    response = asked(tokens_of(program, invitee, scope=scope)["access_token"], "/zenml/invitations")

    if scope == "invitations":
        assert [row["id"] for row in response.json()] == [str(invitation.pk)]
    else:
        assert (response.status_code, list(response.json())) == (403, ["detail"])


def test_zenml_shows_a_machine_nothing_and_lets_it_answer_nothing(
    service: Program, owner: User, organization: Organization
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    token = result_of(service.gets_token())[1]["access_token"]
    one = f"/zenml/invitations/{invitation.pk}"

    assert asked(token, "/zenml/invitations").json() == []
    assert asked(token, one).status_code == 404
    for yes in ("true", "false"):
        response = Client().post(f"{one}?accept={yes}", headers={"Authorization": f"Bearer {token}"})
        assert (response.status_code, response.json()) == (403, MACHINE_REFUSED)


def test_zenml_takes_a_personal_client_for_its_owner(
    personal: Program, invitee: User, owner: User, organization: Organization
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    token = result_of(personal.gets_token())[1]["access_token"]

    assert asked(token, f"/zenml/invitations/{invitation.pk}").json()["id"] == str(invitation.pk)
    response = Client().post(
        f"/zenml/invitations/{invitation.pk}?accept=true", headers={"Authorization": f"Bearer {token}"}
    )
    assert (response.status_code, response.json()) == (200, str(organization.pk))
    assert Membership.objects.filter(user=invitee, organization=organization).exists()


@pytest.mark.parametrize("kind", ["person", "machine"])
def test_upsun_takes_tokens_of_both_kinds(
    program: Program, service: Program, owner: User, organization: Organization, kind: str
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    if kind == "person":
        token = tokens_of(program, owner, scope="organization:manage_members")["access_token"]
    else:
        token = result_of(service.gets_token(scope="organization:manage_members"))[1]["access_token"]

    response = asked(token, f"/upsun/organizations/{to_ulid(organization.pk)}/invitations")

    assert [row["id"] for row in response.json()] == [str(invitation.pk)]


@pytest.mark.parametrize("kind", ["person", "machine"])
def test_applivery_takes_tokens_of_both_kinds(
    program: Program, service: Program, owner: User, organization: Organization, kind: str
):
    UnitFactory.create(organization=organization, slug="shop", kind="application")
    if kind == "person":
        token = tokens_of(program, owner, scope="organizations")["access_token"]
    else:
        token = result_of(service.gets_token())[1]["access_token"]

    response = asked(token, "/applivery/v1/organizations/riverside/apps/shop/collaborators/invitations")

    assert (response.status_code, response.json()["data"]["totalDocs"]) == (200, 0)


@pytest.mark.parametrize(
    "path",
    [
        "upsun/organizations/{ulid}/invitations",
        "applivery/v1/organizations/riverside/apps/shop/collaborators/invitations",
    ],
)
def test_no_dialect_lists_invitations_for_another_scope(
    program: Program, owner: User, organization: Organization, path: str
):
    UnitFactory.create(organization=organization, slug="shop", kind="application")
    address = f"/{path.format(ulid=to_ulid(organization.pk))}"
    responses = {scope: asked(token_of(program, owner, scope), address) for scope in SCOPES}

    assert {scope for scope, response in responses.items() if response.status_code == 200} == MEMBERS
