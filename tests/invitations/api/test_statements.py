"""The statements of inviting and answering, with the authentication, for each kind of credential."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.oauth.tokens import issue_token
from invitations.models import Invitation
from orgs.actions.api_keys import create_api_key
from orgs.models import Organization
from tests.factories import OAuthApplicationFactory
from tests.invitations.api.house import mine, sent
from tests.support.people import session_of
from tests.support.queries import query_summaries

CSRF = "c" * 32
SESSION = ["SELECT django_session", "SELECT accounts_user"]
INVITE = [
    "SELECT orgs_organization",
    "SELECT orgs_roleassignment",
    "SELECT orgs_role",
    "SELECT orgs_membership",
    "SELECT invitations_invitation",
    "INSERT invitations_sendingcounter",
    "INSERT invitations_sendingcounter",
    "SELECT orgs_organization",
    "SELECT invitations_invitation",
    "INSERT invitations_invitation",
    "INSERT invitations_email",
    "INSERT events_event",
]
ACCEPT = [
    "SELECT orgs_organization",
    "SELECT invitations_invitation",
    "SELECT orgs_roleassignment",
    "SELECT accounts_user",
    "INSERT orgs_membership",
    "INSERT orgs_roleassignment",
    "UPDATE invitations_invitation",
    "INSERT events_event",
    "INSERT invitations_email",
]


RESEND = [
    "SELECT orgs_organization",
    "SELECT orgs_roleassignment",
    "SELECT invitations_invitation",
    "INSERT invitations_sendingcounter",
    "INSERT invitations_sendingcounter",
    "SELECT orgs_organization",
    "SELECT orgs_roleassignment",
    "UPDATE invitations_invitation",
    "INSERT invitations_email",
    "INSERT events_event",
]
DECLINE = [
    "SELECT orgs_organization",
    "SELECT invitations_invitation",
    "UPDATE invitations_invitation",
    "INSERT events_event",
    "INSERT invitations_email",
    "SELECT invitations_invitation",
]


def browser(user: User) -> Client:
    """Return a client with a session of the user."""
    client = Client(headers={"X-CSRFToken": CSRF})
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    client.cookies[settings.CSRF_COOKIE_NAME] = CSRF
    return client


def statements(send: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        response = send()
    assert response.status_code in (200, 201), response.content
    return query_summaries(captured)


def invite(client: Client, path: str, address: str) -> Callable[[], Any]:
    return lambda: client.post(path, {"email": address, "role": "viewer"}, "application/json")


def accept(client: Client, invitation: Invitation) -> Callable[[], Any]:
    return lambda: client.post(mine(invitation.pk, "accept"), {}, "application/json")


@pytest.fixture
def by_key(owner: User, organization: Organization) -> Client:
    _, secret = create_api_key(by=session_of(owner), organization_id=organization.pk, name="Statements")
    return Client(headers={"X-API-Key": secret})


def test_inviting_with_an_api_key(by_key: Client, path: str):
    invite(by_key, path, "first@example.com")()  # notes the use of the key, once a minute
    assert statements(invite(by_key, path, "new@example.com")) == ["SELECT orgs_apikey", *INVITE]
    assert 1 + len(INVITE) == 13


def test_inviting_with_a_session(owner: User, path: str):
    assert statements(invite(browser(owner), path, "new@example.com")) == [*SESSION, *INVITE]


def test_sending_again_with_an_api_key(by_key: Client, path: str, invitation: Invitation):
    by_key.get(path)
    again = statements(lambda: by_key.post(sent(invitation, "resend"), {}, "application/json"))
    assert again == ["SELECT orgs_apikey", *RESEND]


def test_declining_with_a_session(invitee: User, invitation: Invitation):
    client = browser(invitee)
    declined = statements(lambda: client.post(mine(invitation.pk, "decline"), {}, "application/json"))
    assert declined == [*SESSION, *DECLINE]


def test_accepting_with_a_session(invitee: User, invitation: Invitation):
    rotation = "UPDATE django_session"  # the next page gets a new session key
    assert statements(accept(browser(invitee), invitation)) == [*SESSION, *ACCEPT, rotation]
    assert len([*SESSION, *ACCEPT, rotation]) == 12


def test_accepting_with_an_oauth_token(owner: User, invitee: User, invitation: Invitation):
    expiry = timezone.now() + timedelta(hours=1)
    token = issue_token(OAuthApplicationFactory.create(user=owner), invitee, "invitations", expiry)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    client.get(mine())  # notes the use of the application, once a minute
    assert statements(accept(client, invitation)) == ["SELECT oauth2_provider_accesstoken", *ACCEPT]
