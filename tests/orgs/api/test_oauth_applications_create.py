"""POST /oauth-applications: register a client. POST /oauth-applications/{id}/secret: renew its secret."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OAuthApplication
from accounts.principals import Method
from orgs.oauth.applications import register_client, register_service_client
from orgs.permissions import ADMIN_ROLE, VIEWER_ROLE
from tests.factories import MembershipFactory
from tests.orgs.api.house import (
    ABSENT,
    ANONYMOUS,
    API,
    NO_MEMBER,
    NO_ORGANIZATION_YET,
    invalid,
    lacking,
    oauth_application_row,
    refused,
    said,
    success,
)
from tests.support.changes import event, track_changes
from tests.support.people import membership_of, session_of

PATH = f"{API}/oauth-applications"
REGISTERED = "OAuth application registered successfully"
RENEWED = "OAuth application secret renewed successfully"
CALLBACK = "https://client.example.com/callback"
NO_APPLICATION = refused(404, "oauth_application_not_found", "There is no such OAuth application.")
NOT_YOURS = refused(403, "not_your_key", "You can make keys for yourself and for system users you manage.")
CLIENT = {"kind": "client", "name": "Calendar", "redirectUris": [CALLBACK]}
PERSONAL = {"kind": "personal", "name": "Script"}


@pytest.fixture
def system_user(organization):
    return MembershipFactory.create(organization=organization, of_system_user=True).user


@pytest.fixture
def service(organization, owner, system_user):
    made, _ = register_service_client(
        by=session_of(owner),
        organization_id=organization.pk,
        membership_id=membership_of(system_user, organization).pk,
        name="N",
    )
    return made


def secret_at(application: OAuthApplication) -> str:
    return f"{PATH}/{application.pk}/secret"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (CLIENT, {"kind": "client", "public": False, "redirectUris": [CALLBACK]}),
        ({**CLIENT, "public": True}, {"kind": "client", "public": True, "redirectUris": [CALLBACK]}),
        (PERSONAL, {"kind": "personal", "public": False, "redirectUris": []}),
    ],
    ids=["client", "public", "personal"],
)
def test_a_person_registers_their_own(by, stranger, body, shown):
    """A person without an organization can also register an application."""
    with track_changes() as changes:
        response = by("stranger").post(PATH, body)

    application = OAuthApplication.objects.get()
    secret = response.json()["data"]["clientSecret"]
    row = oauth_application_row(application)
    assert said(response) == success(
        REGISTERED, row | shown | {"name": body["name"], "systemUserId": None, "clientSecret": secret}, 201
    )
    assert (application.user, application.system_user) == (stranger, None)
    assert len(secret) == (0 if body.get("public") else 128)
    assert response["Cache-Control"] == "no-store"
    assert application.client_secret.startswith("sha256_generated$")
    assert changes.tables == {"accounts.OAuthApplication": (1, 0, 0)}
    assert changes.events == [
        event("oauth_application.registered", application, stranger, acts_for_owner=body["kind"] == "personal")
    ]


def test_one_for_a_system_user(by, organization, admin, system_user):
    body = {"kind": "service", "name": "Nightly", "memberId": str(membership_of(system_user, organization).pk)}
    with track_changes() as changes:
        response = by("admin").post(PATH, body)

    application = OAuthApplication.objects.get()
    assert said(response) == success(
        REGISTERED,
        oauth_application_row(application)
        | {
            "kind": "service",
            "systemUserId": str(system_user.pk),
            "clientSecret": response.json()["data"]["clientSecret"],
        },
        201,
    )
    assert (application.user, application.acts_for_owner) == (None, False)
    assert changes.events == [
        event("oauth_application.registered", application, admin, organization, acts_for_owner=False)
    ]


REQUIRED, UNKNOWN = "This field is required.", "This field is unknown."


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"kind": [REQUIRED], "name": [REQUIRED]}),
        ({"kind": "robot", "name": "N"}, {"kind": ["One of these is expected: client, personal, service."]}),
        ({"kind": "personal", "name": ""}, {"name": ["This field may not be blank."]}),
        ({"kind": "personal", "name": "x" * 256}, {"name": ["Ensure this field has no more than 255 characters."]}),
        (
            {"kind": "personal", "name": "a\u202eb"},
            {"name": ["The character U+202E at position 2 is not allowed here."]},
        ),
        ({"kind": "client", "name": "N"}, {"redirectUris": ["This kind of application requires this field."]}),
        ({"kind": "service", "name": "N"}, {"memberId": ["This kind of application requires this field."]}),
        (
            {**PERSONAL, "redirectUris": [CALLBACK]},
            {"redirectUris": ["This kind of application does not have this field."]},
        ),
        ({**PERSONAL, "public": True}, {"public": ["This kind of application does not have this field."]}),
        ({**CLIENT, "public": "yes"}, {"public": ["Must be a valid boolean."]}),
        ({**CLIENT, "public": 0}, {"public": ["Must be a valid boolean."]}),
        ({**CLIENT, "memberId": ABSENT}, {"memberId": ["This kind of application does not have this field."]}),
        ({**CLIENT, "clientSecret": "mine"}, {"clientSecret": [UNKNOWN]}),
        ({**CLIENT, "skipAuthorization": True}, {"skipAuthorization": [UNKNOWN]}),
        ({**CLIENT, "redirectUris": []}, {"redirectUris": ["Ensure this field has at least 1 elements."]}),
        (
            {**CLIENT, "redirectUris": [f"{CALLBACK} https://b.example.com"]},
            {"redirectUris": ["URIs must not contain spaces."]},
        ),
    ],
)
def test_errors_name_the_invalid_input(by, organization, body, faults):
    with track_changes() as changes:
        assert said(by("owner").post(PATH, body)) == invalid(**faults)

    assert changes.nothing


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "ftp://client.example.com/callback",
        "com.example.app:/callback",
        "https://client.example.com/callback#there",
        "https://*.example.com/callback",
        "/callback",
        "callback",
    ],
)
def test_invalid_redirect_uris_are_refused(by, owner, uri):
    with track_changes() as changes:
        status, body = said(by("owner").post(PATH, {**CLIENT, "redirectUris": [CALLBACK, uri]}))

    assert (status, list(body["error"]["fields"])) == (400, ["redirectUris"])
    assert changes.nothing


def test_only_managers_of_members_register_service_clients(by, organization, member, manager, system_user, admin):
    strong = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user
    with track_changes() as changes:
        for who, whose, answer in (
            ("member", system_user, lacking("organization:manage_members")),
            ("owner", admin, NOT_YOURS),
        ):
            body = {"kind": "service", "name": "N", "memberId": str(membership_of(whose, organization).pk)}
            assert said(by(who).post(PATH, body)) == answer
        body = {"kind": "service", "name": "N", "memberId": str(membership_of(strong, organization).pk)}
        status, refusal = said(by("manager").post(PATH, body))

    assert (status, refusal["error"]["code"]) == (403, "grant_too_wide")
    assert changes.nothing


def test_foreign_and_unknown_system_users_get_the_same_response(by, organization, other_organization):
    foreign = MembershipFactory.create(organization=other_organization, of_system_user=True)
    for member_id in (str(foreign.pk), ABSENT):
        assert said(by("owner").post(PATH, {"kind": "service", "name": "N", "memberId": member_id})) == NO_MEMBER


def test_a_service_needs_an_organization(by, invitee):
    body = {"kind": "service", "name": "N", "memberId": ABSENT}
    assert said(by("invitee").post(PATH, body)) == NO_ORGANIZATION_YET


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"method": Method.API_KEY}, "credential_not_allowed"),
        ({"method": Method.OAUTH2}, "credential_not_allowed"),
        ({"authenticated_at": None}, "recent_sign_in_required"),
        ({"authenticated_at": timezone.now() - timedelta(minutes=16)}, "recent_sign_in_required"),
    ],
)
def test_secrets_require_a_recent_sign_in(by, organization, service, bounds, code):
    with track_changes() as changes:
        for path, body in ((PATH, PERSONAL), (secret_at(service), None)):
            status, refusal = said(by("owner", **bounds).post(path, body))
            assert (status, refusal["error"]["code"]) == (403, code)

    assert changes.nothing


def test_anonymous_requests_are_refused(by, db):
    assert said(by("anonymous").post(PATH, PERSONAL)) == ANONYMOUS


def test_a_new_secret_is_shown_once(by, organization, admin, service):
    before = service.client_secret
    with track_changes() as changes:
        response = by("admin").post(secret_at(service))

    secret = response.json()["data"]["clientSecret"]
    assert said(response) == success(RENEWED, oauth_application_row(service) | {"clientSecret": secret})
    assert response["Cache-Control"] == "no-store"
    assert len(secret) == 128
    service.refresh_from_db()
    assert service.client_secret not in (before, secret)
    assert changes.tables == {"accounts.OAuthApplication": (0, 1, 0)}
    assert changes.events == [event("oauth_application.secret_renewed", service, admin, organization)]


def test_renewing_a_secret_needs_the_permissions_of_the_system_user(by, organization, owner, manager):
    """Without this check, a manager of members could get the permissions of an administrator."""
    strong = MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE)
    made, _ = register_service_client(
        by=session_of(owner), organization_id=organization.pk, membership_id=strong.pk, name="N"
    )
    weak = MembershipFactory.create(organization=organization, of_system_user=True, role_id=VIEWER_ROLE)

    with track_changes() as changes:
        status, refusal = said(by("manager").post(secret_at(made)))

    assert (status, refusal["error"]["code"]) == (403, "grant_too_wide")
    assert changes.nothing
    assert weak.user.kind == "system"


def test_a_public_client_has_none_to_renew(by, owner):
    made, _ = register_client(by=session_of(owner), name="Phone", redirect_uris=[CALLBACK], public=True)

    assert said(by("owner").post(secret_at(made))) == refused(409, "no_secret", "A public client has no secret.")


def test_secrets_of_foreign_and_unknown_clients_get_the_same_response(
    by, organization, owner, member, stranger, service
):
    own, _ = register_client(by=session_of(owner), name="Calendar", redirect_uris=[CALLBACK])
    with track_changes() as changes:
        for who in ("member", "stranger"):
            for address in (secret_at(own), secret_at(service), f"{PATH}/{ABSENT}/secret"):
                assert said(by(who).post(address)) == NO_APPLICATION
        assert said(by("admin").post(secret_at(own))) == NO_APPLICATION

    assert changes.nothing
