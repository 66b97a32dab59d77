"""Authentication over HTTP: each kind of credential, two credentials, invalid credentials, and CSRF protection."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import ApplicationAccess, ExternalIdentity, User
from accounts.oauth.tokens import issue_token
from accounts.principals import Method, Principal, staff
from orgs.actions.accounts import deactivate_account, reactivate_account
from orgs.actions.api_keys import create_api_key
from orgs.models import ApiKey, Organization
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS
from tests.accounts.issuing import fail, token
from tests.factories import MembershipFactory, OAuthApplicationFactory, OrganizationFactory, UserFactory
from tests.orgs.api.house import ANONYMOUS, API, refused, said, success, user_row
from tests.support.changes import track_changes
from tests.support.people import PASSWORD, membership_of

PROFILE = f"{API}/users/profile"
MEMBERS = f"{API}/organization-members"
INVALID = refused(401, "invalid_credentials", "This credential is not valid.")
TWO = refused(
    400,
    "two_credentials",
    "Send only one credential: a bearer token, an API key or a session.",
)
CSRF = "a" * 32

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trusted")]


@pytest.fixture
def member(member):
    """A user with a password."""
    member.set_password(PASSWORD)
    member.save()
    return member


@pytest.fixture
def signed_in(member):
    """A test client with CSRF checks that signed in on our page."""
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    client.post(
        "/accounts/login/",
        {
            "login": "member@example.com",
            "password": PASSWORD,
            "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
        },
    )
    return client


@pytest.fixture
def secret(member, organization):
    by = Principal(user=member, method=Method.SESSION)
    return create_api_key(by=by, organization_id=organization.pk, name="Nightly")[1]


@pytest.fixture
def shown(signed_in, member, secret) -> dict[str, dict[str, str]]:
    """The member's credentials: one header for each kind of credential."""
    return {
        "jwt": {"Authorization": f"Bearer {token(email='member@example.com')}"},
        "api key": {"X-API-Key": secret},
        "session": {"Cookie": f"session_id={signed_in.cookies['session_id'].value}"},
    }


def ask(headers: dict[str, str], path: str = PROFILE) -> HttpResponse:
    response: Any = Client(headers=headers).get(path)
    return response


@pytest.mark.parametrize("kind", ["jwt", "api key", "session"])
def test_each_kind_says_who_is_asking(shown, member, kind):
    assert said(ask(shown[kind])) == success("Profile retrieved successfully", user_row(member))


def test_nobody_is_nobody():
    response = ask({})

    assert said(response) == ANONYMOUS
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("pair", [*itertools.combinations(["jwt", "api key", "session"], 2)], ids=" and ".join)
def test_two_are_one_too_many(shown, pair):
    with track_changes() as changes:
        assert said(ask(shown[pair[0]] | shown[pair[1]])) == TWO

    assert changes.nothing


@pytest.mark.parametrize("other", ["api key", "session"])
@pytest.mark.parametrize("header", ["Bearer wrong", "Basic dXNlcjpwYXNz", "", "Bearer"])
def test_a_broken_one_beside_a_good_one_is_two_as_well(shown, header, other):
    assert said(ask({**shown[other], "Authorization": header})) == TWO


def test_a_newcomers_token_beside_a_session_makes_nobody(shown):
    with track_changes() as changes:
        assert said(ask({**shown["session"], "Authorization": f"Bearer {token()}"})) == TWO

    assert changes.nothing


def test_a_write_with_two_is_told_so_and_not_of_csrf(shown, signed_in):
    response = signed_in.delete(PROFILE, headers=shown["jwt"])

    assert said(response) == TWO


def test_a_cookie_of_nobody_is_no_credential(shown, member):
    assert ask({**shown["jwt"], "Cookie": "session_id=unknown"}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  {token}",
        "Bearer {token} ",
        "Bearer {token} {token}",
        "Bearer {token},Bearer {token}",
        "Bearer {token}, Bearer {token}",
        "Bearer\t{token}",
        "{token}",
        "Basic {token}",
        "Token {token}",
        "JWT {token}",
        "Bearer:{token}",
        "Bearer {token}x",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer é.é.é",
        "Bearer \x00",
        "Bearer " + "x" * 10_000,
    ],
    ids=lambda header: repr(header)[:24],
)
def test_a_malformed_header_is_no_credential_and_no_anonymous_request(member, header):
    good = token(email="member@example.com")
    slug = f"{API}/organizations/slug/riverside"

    for path in (PROFILE, slug):
        response = ask({"Authorization": header.format(token=good)}, path)
        assert said(response) == INVALID
        assert response["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_read_in_any_case(member):
    assert ask({"Authorization": f"bEaReR {token(email='member@example.com')}"}).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "wrong", "pw_" + "x" * 43, "{key},{key}", "{key} ", "é", "\x00", "x" * 9000])
def test_a_broken_key_is_refused(secret, key):
    assert said(ask({"X-API-Key": key.format(key=secret)})) == INVALID


def test_a_key_is_no_bearer_token(secret):
    assert said(ask({"Authorization": f"Bearer {secret}"})) == INVALID


@pytest.mark.parametrize("kind", ["jwt", "api key"])
@pytest.mark.parametrize("values", [{"is_active": False}, {"is_active": False, "deleted_at": timezone.now()}])
def test_whose_account_has_ended_is_refused(shown, member, kind, values):
    assert ask(shown[kind]).status_code == 200
    User.objects.filter(pk=member.pk).update(**values)

    assert said(ask(shown[kind])) == INVALID


def test_a_session_of_an_ended_account_is_nobodys(shown, member):
    User.objects.filter(pk=member.pk).update(is_active=False)

    assert said(ask(shown["session"])) == ANONYMOUS


@pytest.mark.parametrize("kind", ["jwt", "api key", "session", "oauth"])
def test_no_credential_works_again_after_the_account_was_deactivated(shown, member, kind):
    by_staff = staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.change_user")
    application = OAuthApplicationFactory.create(user=member)
    issued = issue_token(application, member, "organizations profile", timezone.now() + timedelta(hours=1))
    credential = {**shown, "oauth": {"Authorization": f"Bearer {issued}"}}[kind]
    assert ask(credential).status_code == 200

    deactivate_account(by=by_staff, user=member)
    assert ask(credential).status_code == 401
    reactivate_account(by=by_staff, user=member)
    assert ask(credential).status_code == 401
    assert not ApplicationAccess.objects.filter(user=member).exists()

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert ask({"Authorization": f"Bearer {token(email='member@example.com')}"}).status_code == 200


def test_a_changed_password_ends_other_sessions(shown, member):
    member.set_password("another-password-entirely")
    member.save()

    assert said(ask(shown["session"])) == ANONYMOUS


@pytest.mark.parametrize(
    "values", [{"expires_at": timezone.now()}, {"secret_hash": "0" * 64}], ids=["expired", "another secret"]
)
def test_a_key_that_holds_no_more_is_refused(shown, values):
    ApiKey.objects.update(**values)

    assert said(ask(shown["api key"])) == INVALID


def test_a_key_of_an_archived_organization_is_refused(shown):
    Organization.objects.update(deleted_at=timezone.now())

    assert said(ask(shown["api key"])) == INVALID


def test_a_key_of_a_former_member_is_refused(shown, member, organization):
    membership_of(member, organization).delete()

    assert said(ask(shown["api key"])) == INVALID


def test_a_keys_last_use_is_shown_and_a_refused_one_is_none(shown, secret):
    ask({"X-API-Key": secret + "x"})
    assert ApiKey.objects.get().last_used_at is None

    before = timezone.now()
    ask(shown["api key"])
    used = ApiKey.objects.get().last_used_at
    ask(shown["api key"])

    assert used is not None
    assert abs((used - before).total_seconds()) < 60
    assert ApiKey.objects.get().last_used_at == used


def test_a_key_does_what_its_scopes_and_its_member_both_may(organization, admin):
    by = Principal(user=admin, method=Method.SESSION)
    keys = {
        name: create_api_key(by=by, organization_id=organization.pk, name=name, permissions=permissions)[1]
        for name, permissions in {
            "all": None,
            "manages": frozenset({MANAGE_MEMBERS}),
            "lists": frozenset({LIST_PROJECTS}),
            "nothing": frozenset[str](),
        }.items()
    }
    statistics = f"{API}/organizations/{organization.pk}/statistics"

    statuses = {name: ask({"X-API-Key": key}, statistics).status_code for name, key in keys.items()}

    assert statuses == {"all": 200, "manages": 200, "lists": 403, "nothing": 403}


def test_a_key_reaches_one_organization(shown, member):
    annex = OrganizationFactory.create(slug="annex")
    MembershipFactory.create(organization=annex, user=member)

    status, body = said(ask(shown["api key"], f"{API}/organizations/{annex.pk}"))

    assert (status, body["error"]["code"]) == (404, "organization_not_found")


def test_a_token_of_an_issuer_that_is_down_can_be_retried(trusted):
    trusted.serve = fail

    response = ask({"Authorization": f"Bearer {token()}"})

    assert said(response) == refused(
        503, "keys_unavailable", "The identity provider is not responding. Try again in a moment."
    )
    assert response["Retry-After"] == "10"


def test_a_first_token_makes_its_person():
    body: Any = ask({"Authorization": f"Bearer {token()}"})

    user = ExternalIdentity.objects.get().user
    assert said(body) == success("Profile retrieved successfully", user_row(user))
    assert (user.email, user.first_name, user.last_name) == ("newcomer@example.com", "New", "Comer")


# Writes with a session


def change(client: Client, **headers: str) -> HttpResponse:
    response: Any = client.patch(PROFILE, {"firstName": "Mia"}, "application/json", headers=headers)
    return response


def test_reading_needs_no_csrf_token(signed_in, member):
    assert said(signed_in.get(PROFILE)) == success("Profile retrieved successfully", user_row(member))


def test_writing_needs_the_token_of_our_pages(signed_in, member):
    with track_changes() as changes:
        status, body = said(change(signed_in))

    assert (status, body["error"]["code"]) == (403, "csrf_failed")
    assert changes.nothing
    assert said(change(signed_in, **{"X-CSRFToken": signed_in.cookies["csrftoken"].value}))[0] == 200


def test_a_token_that_is_not_the_cookies_is_none(signed_in):
    assert change(signed_in, **{"X-CSRFToken": CSRF}).status_code == 403


def test_a_script_with_a_session_makes_its_own_csrf_token(shown):
    cookies = f"{shown['session']['Cookie']}; csrftoken={CSRF}"
    program = Client(enforce_csrf_checks=True, headers={"Cookie": cookies})

    assert said(change(program))[1]["error"]["code"] == "csrf_failed"
    assert change(program, **{"X-CSRFToken": CSRF}).status_code == 200


def test_another_origin_is_refused_even_with_the_token(signed_in, settings):
    headers = {"X-CSRFToken": signed_in.cookies["csrftoken"].value}

    assert change(signed_in, **headers, Origin="https://evil.example.com").status_code == 403
    assert change(signed_in, **headers, Origin=settings.PUBLIC_BASE_URL).status_code == 200


def test_a_dialect_without_csrf_tokens_says_whether_the_origin_is_hidden_or_another(signed_in, organization):
    reasons = {
        "null": "The browser hides where this request comes from (Origin: null).",
        "https://evil.example.com": "This request comes from another site.",
    }
    for origin, reason in reasons.items():
        response = signed_in.post(
            f"/wacht/organizations/{organization.pk}/invitations", {}, "application/json", headers={"Origin": origin}
        )
        assert response.status_code == 403
        assert reason in response.content.decode()


@pytest.mark.parametrize("kind", ["jwt", "api key"])
def test_other_credentials_need_no_csrf_token(shown, kind):
    program = Client(enforce_csrf_checks=True, headers=shown[kind])

    assert change(program).status_code == (200 if kind == "jwt" else 403)
    assert b"csrf" not in change(program).content
