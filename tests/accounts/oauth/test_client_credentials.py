"""Client credentials: a service client acts for a system user, a personal client for its owner."""

import pytest

from accounts.models import User
from events.models import Event
from orgs.actions.members import remove_member
from orgs.models import Membership, Organization
from orgs.oauth.applications import delete_application, renew_client_secret
from tests.accounts.oauth.exchange import Program, asked, basic, holds, result_of
from tests.factories import InvitationFactory
from tests.support.people import session_of

INVALID_CLIENT = (401, {"error": "invalid_client"})


def test_a_service_client_is_its_system_user(service: Program, organization: Organization, robot: Membership):
    status, token = result_of(service.gets_token(scope="organizations profile"))

    assert (status, token) == (
        200,
        {
            "access_token": token["access_token"],
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "organizations profile",
        },
    )
    assert asked(token["access_token"], "/api/v0/users/profile").json()["data"]["id"] == str(robot.user_id)
    [listed] = asked(token["access_token"], "/api/v0/organizations").json()["data"]
    assert listed["id"] == str(organization.pk)


def test_without_scopes_it_gets_those_that_most_clients_need(service: Program):
    assert result_of(service.gets_token())[1]["scope"] == "profile invitations organizations"


def test_the_secret_in_the_header(service: Program):
    header = basic(service.application.client_id, service.secret)
    assert result_of(service.posts("token", {"grant_type": "client_credentials"}, Authorization=header))[0] == 200


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic é", "Basic !!!!", "Basic YWJj", "Bearer x", "Basic AAAA"])
def test_a_header_that_cannot_be_read(service: Program, header: str):
    response = service.http.post(
        "/oauth2/token", {"grant_type": "client_credentials"}, HTTP_AUTHORIZATION=header.encode().decode("latin-1")
    )
    assert result_of(response) == INVALID_CLIENT


@pytest.mark.parametrize("secret", ["wrong", "", "sha256_generated$"])
def test_a_wrong_secret(service: Program, secret: str):
    service.secret = secret
    assert result_of(service.gets_token()) == INVALID_CLIENT


def test_the_stored_hash_is_no_secret(service: Program):
    service.application.refresh_from_db()
    service.secret = service.application.client_secret
    assert result_of(service.gets_token()) == INVALID_CLIENT


@pytest.mark.parametrize("scope", ["everything", "organizations everything", "organization:own", "ORGANIZATIONS"])
def test_an_unknown_scope(service: Program, scope: str):
    assert result_of(service.gets_token(scope=scope)) == (400, {"error": "invalid_scope"})


def test_a_client_that_asks_people_gets_none_by_itself(program: Program, public_program: Program):
    assert result_of(program.gets_token()) == (400, {"error": "unauthorized_client"})
    assert result_of(public_program.gets_token())[1]["error"] in ("invalid_client", "unauthorized_client")


def test_a_deactivated_system_user_gets_none_and_what_there_is_stops(service: Program, robot: Membership):
    _, token = result_of(service.gets_token())
    assert holds(token["access_token"])
    User.objects.filter(pk=robot.user_id).update(is_active=False)

    assert not holds(token["access_token"])
    assert result_of(service.gets_token()) == INVALID_CLIENT


def test_neither_does_one_that_was_removed(
    service: Program, robot: Membership, owner: User, organization: Organization
):
    _, token = result_of(service.gets_token())
    remove_member(by=session_of(owner), organization_id=organization.pk, membership_id=robot.pk)

    assert not holds(token["access_token"])
    assert result_of(service.gets_token()) == INVALID_CLIENT


def test_a_renewed_secret_ends_the_old_one_and_its_tokens(service: Program, owner: User, organization: Organization):
    _, token = result_of(service.gets_token())
    _, secret = renew_client_secret(
        by=session_of(owner), organization=organization, application_id=service.application.pk
    )

    assert not holds(token["access_token"])
    assert result_of(service.gets_token()) == INVALID_CLIENT
    service.secret = secret
    assert result_of(service.gets_token())[0] == 200


def test_a_deleted_client_takes_its_tokens_along(personal: Program, invitee: User):
    _, token = result_of(personal.gets_token())
    delete_application(by=session_of(invitee), organization=None, application_id=personal.application.pk)

    assert not holds(token["access_token"])
    assert result_of(personal.gets_token()) == INVALID_CLIENT


def test_a_personal_client_is_its_owner_and_the_event_says_by_which_client(
    personal: Program, invitee: User, owner: User, organization: Organization
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    token = result_of(personal.gets_token(scope="invitations"))[1]["access_token"]
    assert [row["id"] for row in asked(token).json()["data"]] == [str(invitation.pk)]

    response = personal.http.post(
        f"/api/v0/invitations/{invitation.pk}/accept",
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert response.status_code == 200
    accepted = Event.objects.get(kind="invitation.accepted")
    by = (accepted.actor_id, accepted.actor_method, accepted.actor_credential_id)
    assert by == (invitee.pk, "oauth2", personal.application.pk)


def test_a_deactivated_owner_ends_it(personal: Program, invitee: User):
    _, token = result_of(personal.gets_token())
    User.objects.filter(pk=invitee.pk).update(is_active=False)

    assert not holds(token["access_token"])
    assert result_of(personal.gets_token()) == INVALID_CLIENT
