"""GET /oauth-applications, and GET and DELETE /oauth-applications/{id}."""

from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.models import OAuthApplication
from accounts.oauth.tokens import issue_token
from accounts.principals import Method
from orgs.access import find_organization
from orgs.models import RoleAssignment
from orgs.oauth.applications import (
    OauthApplicationNotFound,
    delete_application,
    register_client,
    register_personal_client,
    register_service_client,
    renew_client_secret,
    update_application,
)
from orgs.permissions import VIEWER_ROLE
from tests.factories import MembershipFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, DONE, listed, oauth_application_row, refused, said, success
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of
from tests.support.queries import assert_queries

PATH = f"{API}/oauth-applications"
LISTED = "OAuth applications retrieved successfully"
SHOWN = "OAuth application retrieved successfully"
NO_APPLICATION = refused(404, "oauth_application_not_found", "There is no such OAuth application.")


@pytest.fixture
def client(owner):
    made, _ = register_client(
        by=session_of(owner),
        name="Calendar",
        redirect_uris=["https://a.example.com/cb", "https://b.example.com/cb?x=1"],
    )
    return made


@pytest.fixture
def foreign(other_organization, stranger):
    robot = MembershipFactory.create(organization=other_organization, of_system_user=True)
    made, _ = register_service_client(
        by=session_of(stranger), organization_id=other_organization.pk, membership_id=robot.pk, name="Other"
    )
    return made


def at(application: OAuthApplication) -> str:
    return f"{PATH}/{application.pk}"


def test_it_lists_own_applications_and_those_of_system_users(by, client, personal, service, foreign):
    newest_first = [oauth_application_row(row) for row in (service, personal, client)]

    assert said(by("owner").get(PATH)) == listed(LISTED, newest_first)
    assert said(by("admin").get(PATH)) == listed(LISTED, newest_first[:1])
    assert said(by("member").get(PATH)) == listed(LISTED, [])
    assert said(by("stranger").get(PATH)) == listed(LISTED, [oauth_application_row(foreign)])


def test_the_kind_of_each_application_is_shown(by, client, personal, service):
    for row, what in (
        (client, {"kind": "client", "redirectUris": ["https://a.example.com/cb", "https://b.example.com/cb?x=1"]}),
        (personal, {"kind": "personal", "redirectUris": [], "systemUserId": None}),
        (service, {"kind": "service", "redirectUris": [], "systemUserId": str(service.system_user_id)}),
    ):
        assert said(by("owner").get(at(row))) == success(SHOWN, oauth_application_row(row) | what)


def test_no_secret_and_no_hash_is_shown(by, client, service):
    for response in (by("owner").get(PATH), by("owner").get(at(client)), by("owner").get(at(service))):
        assert "secret" not in response.content.decode().lower()


def test_pages(by, client, personal):
    answer = said(by("owner").get(PATH, {"limit": "1", "page": "2"}))
    block = {"limit": 1, "page": 2, "total": 2, "pages": 2, "hasPrev": True}
    assert answer == listed(LISTED, [oauth_application_row(client)], **block)


def test_the_queries_of_the_list(by, client, personal, service):
    caller = by("owner")
    with assert_queries(
        active="SELECT orgs_membership",
        organization="SELECT orgs_roleassignment",
        rows="SELECT accounts_oauthapplication",
    ):
        caller.get(PATH)


def test_people_without_an_organization_see_their_own(by, invitee):
    made, _ = register_personal_client(by=session_of(invitee), name="Script")
    assert said(by("invitee").get(PATH)) == listed(LISTED, [oauth_application_row(made)])


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_foreign_and_unknown_ids_get_the_same_response(by, client, service, foreign, member, verb):
    with track_changes() as changes:
        for who, path in (
            ("owner", at(foreign)),
            ("admin", at(client)),
            ("member", at(service)),
            ("stranger", at(service)),
            ("owner", f"{PATH}/{ABSENT}"),
        ):
            assert said(getattr(by(who), verb)(path)) == NO_APPLICATION

    assert changes.nothing


def test_deleting_it_revokes_its_tokens(by, client, owner, invitee):
    issue_token(client, invitee, "profile", timezone.now() + timedelta(hours=1))
    with track_changes() as changes:
        assert said(by("owner").delete(at(client))) == DONE

    assert changes.tables == {"accounts.OAuthApplication": (0, 0, 1), "accounts.ApplicationAccess": (0, 0, 1)}
    assert changes.events == [event("oauth_application.deleted", client, owner)]
    assert not get_access_token_model().objects.exists()
    assert said(by("owner").delete(at(client))) == NO_APPLICATION


def test_managers_of_members_delete_those_of_system_users(by, manager, organization, service):
    with track_changes() as changes:
        assert said(by("manager").delete(at(service))) == DONE

    assert changes.events == [event("oauth_application.deleted", service, manager, organization)]


def test_who_manages_members_no_more_deletes_and_changes_none_of_system_users(manager, organization, service):
    by = session_of(manager)
    found = find_organization(by, organization.pk)
    RoleAssignment.objects.filter(membership=membership_of(manager, organization)).update(role_id=VIEWER_ROLE)

    for action in (delete_application, update_application, renew_client_secret):
        with pytest.raises(OauthApplicationNotFound):
            action(by=by, organization=found, application_id=service.pk)


@pytest.mark.parametrize("method", [Method.API_KEY, Method.OAUTH2])
def test_system_users_cannot_manage_applications(by, client, method):
    for verb, path in (("get", PATH), ("get", at(client)), ("delete", at(client))):
        status, body = said(getattr(by("owner", method=method), verb)(path))
        assert (status, body["error"]["code"]) == (403, "credential_not_allowed")


def test_anonymous_requests_are_refused(by, client):
    for verb, path in (("get", PATH), ("get", at(client)), ("delete", at(client))):
        assert said(getattr(by("anonymous"), verb)(path)) == ANONYMOUS
