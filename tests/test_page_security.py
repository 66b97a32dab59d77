"""Test the security of all pages in the URLconf, including the pages of django-allauth and the admin."""

from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from invitations.tokens import Purpose, token_for
from tests.factories import InvitationFactory, UserFactory
from tests.support.people import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
NOT_PAGES = ("api/", "wacht/", "zenml/", "upsun/", "applivery/", "healthz/", ".well-known/", "oauth2/", "development/")
ELSEWHERE = [
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test/",
    "///evil.test",
    "https:evil.test",
    "javascript:alert(1)",
    "http://testserver@evil.test/",
    "\thttps://evil.test/",
]


def addresses(patterns=None, prefix=""):
    """Return all paths that have no parameters."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern).lstrip("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and "<" not in path and "(" not in path:
            yield path


PAGES = sorted({f"/{path}" for path in addresses() if not path.startswith(NOT_PAGES)} | {"/nowhere", "/i/nothing"})


@pytest.fixture
def member():
    return UserFactory.create(email="member@example.com", password=PASSWORD)


@pytest.fixture
def staff():
    return UserFactory.create(email="staff@example.com", password=PASSWORD, superuser=True)


def policy_of(response):
    return dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))


def test_there_are_pages():
    assert {"/", "/invitations", "/accounts/login/", "/accounts/2fa/", "/admin/", "/admin/orgs/organization/"} <= {
        *PAGES
    }
    assert len(PAGES) > 40


@pytest.mark.parametrize("who", [None, "member", "staff"])
@pytest.mark.parametrize("debug", [False, True])
def test_every_page_is_private_and_runs_no_external_code(client, settings, request, who, debug):
    settings.DEBUG = debug
    if who:
        client.force_login(request.getfixturevalue(who))
    shown = 0
    for path in PAGES:
        response = client.get(path)
        if not response.get("Content-Type", "").startswith("text/html") or not response.content:
            continue
        shown += 1
        policy = policy_of(response)
        scripts = "'self'" if path.startswith("/admin/") else None
        styles = "'self' 'unsafe-inline'" if debug and response.status_code == 404 else "'self'"
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'", path
        assert policy["form-action"] == "'self'", path
        assert (policy.get("script-src"), policy["style-src"]) in [(scripts, styles), (None, styles)], path
        assert "no-store" in response["Cache-Control"], path
        assert response["X-Robots-Tag"] == "noindex", path
        assert response["Referrer-Policy"] == "same-origin", path
        assert response.get("X-Frame-Options") == "DENY", path
        assert response["X-Content-Type-Options"] == "nosniff", path
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert shown >= 10


@pytest.mark.parametrize("elsewhere", ["//evil.test/", "https:evil.test"])
@pytest.mark.parametrize("who", [None, "member", "staff"])
def test_no_query_parameter_redirects_to_another_host(client, request, who, elsewhere):
    if who:
        client.force_login(request.getfixturevalue(who))
    for path in PAGES:
        for response in (client.get(path, {"next": elsewhere}), client.post(path, {"next": elsewhere})):
            assert_here(response)
        if who and path == "/accounts/logout/":
            client.force_login(request.getfixturevalue(who))


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_signing_in_signing_up_and_verifying_redirect_to_this_host(client, member, elsewhere):
    sign_up = {"email": "new@example.com", "password1": PASSWORD, "next": elsewhere}
    assert_here(Client().post(f"/accounts/signup/?next={elsewhere}", sign_up))
    sign_in = {"login": "member@example.com", "password": PASSWORD, "next": elsewhere}
    response = client.post("/accounts/login/", sign_in)
    assert (response.status_code, response["Location"]) == (302, "/")
    again = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": elsewhere})
    assert again.status_code == 302
    assert_here(again)


def assert_here(response):
    """Assert that no browser would follow a redirect of the response to another host."""
    location = response.get("Location", "/")
    assert (urlsplit(location).scheme, urlsplit(location).netloc) == ("", ""), location
    assert not location.startswith(("//", "/\\")), location


@pytest.fixture
def https(settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


@pytest.mark.usefixtures("https")
def test_every_cookie_is_kept_from_scripts_other_sites_and_plain_http(client, member):
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD})
    client.get("/invitations")

    assert set(client.cookies) == {"csrftoken", "session_id", "known_device"}
    for name, cookie in client.cookies.items():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax"), name


def test_signing_in_starts_a_new_session_and_ends_the_old_one(client, member):
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    client.cookies["session_id"] = planted

    client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD})

    assert client.session.session_key != planted
    assert not client.session.exists(planted)
    thief = Client()
    thief.cookies["session_id"] = planted
    assert thief.get("/invitations").status_code == 302


def test_entering_the_password_again_starts_a_new_session_and_ends_the_old_one(client, member):
    client.force_login(member)
    before = client.session.session_key

    client.post("/accounts/reauthenticate/", {"password": "wrong"})
    assert client.get("/accounts/profile/").status_code == 200
    assert client.session.session_key == before
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get("/accounts/profile/").status_code == 200
    assert client.session.session_key != before
    assert not client.session.exists(before)


def says_yes(client, invitation):
    return client.post(f"/api/v0/invitations/{invitation.pk}/accept", content_type="application/json")


def says_yes_as_wacht_s_client_does(client, invitation):
    body = {"token": token_for(invitation, Purpose.LISTED)}
    return client.post("/wacht/organizations/invitations/accept", body, content_type="application/json")


def founds_an_organization(client, invitation):
    return client.post("/api/v0/organizations", {"name": "Lakeside"}, content_type="application/json")


@pytest.mark.parametrize("page", ["/invitations", "/accounts/profile/"])
@pytest.mark.parametrize("gains", [says_yes, says_yes_as_wacht_s_client_does, founds_an_organization])
def test_privilege_elevation_through_an_api_rotates_the_session(client, organization, owner, stranger, gains, page):
    invitation = InvitationFactory.create(organization=organization, email="stranger@example.com", inviter=owner)
    client.force_login(stranger)
    before = client.session.session_key

    assert gains(client, invitation).status_code in (200, 201)
    assert client.session.session_key == before
    assert client.get(page).status_code == 200

    assert client.session.session_key != before
    assert not client.session.exists(before)


def test_the_admin_has_every_model_among_these_pages():
    names = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry}
    assert names <= {*PAGES}
