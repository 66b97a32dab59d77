"""PATCH /oauth-applications/{id}: change a client. Its id and secret do not change."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OAuthApplication
from accounts.principals import Method
from orgs.oauth.applications import register_client, register_service_client
from orgs.permissions import ADMIN_ROLE
from tests.factories import MembershipFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, invalid, oauth_application_row, refused, said, success
from tests.support.changes import event, track_changes
from tests.support.people import session_of
from tests.support.queries import assert_queries

UPDATED = "OAuth application updated successfully"
NO_APPLICATION = refused(404, "oauth_application_not_found", "There is no such OAuth application.")
BACK, THERE = "https://client.example.com/back", "https://client.example.com/there"


@pytest.fixture
def client(owner):
    made, _ = register_client(by=session_of(owner), name="Calendar", redirect_uris=[BACK], scopes=["profile"])
    return made


def at(application: OAuthApplication) -> str:
    return f"{API}/oauth-applications/{application.pk}"


@pytest.mark.parametrize(
    ("body", "changed", "scopes"),
    [
        ({"name": "n" * 255}, ["name"], ["profile"]),
        ({"redirectUris": [THERE, BACK]}, ["redirect_uris"], ["profile"]),
        ({"scopes": ["profile", "invitations"]}, ["scopes"], ["invitations", "profile"]),
        ({"scopes": []}, ["scopes"], []),
        ({"name": "Agenda", "redirectUris": [THERE]}, ["name", "redirect_uris"], ["profile"]),
    ],
)
def test_only_given_fields_change(by, client, owner, body, changed, scopes):
    before, secret = oauth_application_row(client), client.client_secret
    with track_changes() as changes:
        response = by("owner").patch(at(client), body)

    after = oauth_application_row(client)
    assert said(response) == success(UPDATED, after)
    assert after == before | body | {"scopes": scopes, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]
    assert client.client_secret == secret
    assert changes.tables == {"accounts.OAuthApplication": (0, 1, 0)}
    assert changes.events == [event("oauth_application.updated", client, owner, changed=changed, scopes=scopes)]


def test_one_for_a_system_user(by, service, organization, admin):
    with track_changes() as changes:
        response = by("admin").patch(at(service), {"name": "Hourly", "scopes": ["profile"]})

    row = oauth_application_row(service)
    assert said(response) == success(UPDATED, row | {"name": "Hourly", "scopes": ["profile"]})
    data = {"changed": ["name", "scopes"], "scopes": ["profile"]}
    assert changes.events == [event("oauth_application.updated", service, admin, organization, **data)]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": "n" * 256}, {"name": ["Ensure this field has no more than 255 characters."]}),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"redirectUris": []}, {"redirectUris": ["Ensure this field has at least 1 elements."]}),
        ({"redirectUris": [f"{BACK} {THERE}"]}, {"redirectUris": ["URIs must not contain spaces."]}),
        ({"scopes": "profile"}, {"scopes": ['Expected a list of items but got type "str".']}),
        ({"public": True}, {"public": ["This field is unknown."]}),
        ({"clientId": "mine"}, {"clientId": ["This field is unknown."]}),
        ({"actsForOwner": True}, {"actsForOwner": ["This field is unknown."]}),
    ],
)
def test_errors_name_the_invalid_input(by, client, body, faults):
    with track_changes() as changes:
        assert said(by("owner").patch(at(client), body)) == invalid(**faults)

    assert changes.nothing


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "com.example.app:/back", f"{BACK}#there", "back"])
def test_invalid_redirect_uris_are_refused(by, client, uri):
    with track_changes() as changes:
        status, body = said(by("owner").patch(at(client), {"name": "Agenda", "redirectUris": [BACK, uri]}))

    assert (status, list(body["error"]["fields"])) == (400, ["redirectUris"])
    assert changes.nothing


def test_nothing_to_change(by, client):
    status, body = said(by("owner").patch(at(client), {}))
    assert (status, body["message"]) == (400, "Name at least one field to change.")


def test_only_authorization_code_clients_have_redirect_uris(by, personal, service):
    with track_changes() as changes:
        for application in (personal, service):
            answer = said(by("owner").patch(at(application), {"redirectUris": [BACK]}))
            assert answer == invalid(redirectUris=["This kind of application does not have this field."])

    assert changes.nothing


def test_changing_scopes_needs_the_permissions_of_the_system_user(by, organization, owner, manager):
    strong = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE)
    made, _ = register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=strong.pk, name="N", scopes=["profile"]
    )
    with track_changes() as changes:
        status, refusal = said(by("manager").patch(at(made), {"scopes": ["organizations"]}))

    assert (status, refusal["error"]["code"]) == (403, "grant_too_wide")
    assert changes.nothing


def test_foreign_and_unknown_ids_get_the_same_response(by, organization, client, service, member, stranger, admin):
    with track_changes() as changes:
        for who, path in (
            ("stranger", at(client)),
            ("stranger", at(service)),
            ("member", at(service)),
            ("admin", at(client)),
            ("owner", f"{API}/oauth-applications/{ABSENT}"),
        ):
            assert said(by(who).patch(path, {"name": "Mine"})) == NO_APPLICATION

    assert changes.nothing


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"method": Method.API_KEY}, "credential_not_allowed"),
        ({"method": Method.OAUTH2}, "credential_not_allowed"),
        ({"authenticated_at": None}, "recent_sign_in_required"),
        ({"authenticated_at": timezone.now() - timedelta(minutes=16)}, "recent_sign_in_required"),
    ],
)
def test_it_requires_a_recent_sign_in(by, client, bounds, code):
    with track_changes() as changes:
        status, refusal = said(by("owner", **bounds).patch(at(client), {"name": "Agenda"}))

    assert (status, refusal["error"]["code"]) == (403, code)
    assert changes.nothing


def test_anonymous_requests_are_refused(by, client):
    assert said(by("anonymous").patch(at(client), {"name": "Agenda"})) == ANONYMOUS


def test_an_unknown_scope(by, client):
    with track_changes() as changes:
        status, body = said(by("owner").patch(at(client), {"scopes": ["profile", "everything"]}))

    assert (status, list(body["error"]["fields"])) == (400, ["scopes.1"])
    assert changes.nothing


def test_the_queries_of_a_change(by, service):
    caller = by("owner")
    with assert_queries(
        active="SELECT orgs_membership",
        organization="SELECT orgs_roleassignment",
        organization_locked="SELECT orgs_organization",
        visible_to_managers="SELECT orgs_roleassignment",
        visible="SELECT accounts_oauthapplication",
        callers_roles="SELECT orgs_roleassignment",
        system_user="SELECT orgs_membership",
        system_users_roles="SELECT orgs_roleassignment",
        locked="SELECT accounts_oauthapplication",
        change="UPDATE accounts_oauthapplication",
        whose_event="SELECT orgs_membership",
        event="INSERT events_event",
    ):
        caller.patch(at(service), {"name": "Hourly"})
