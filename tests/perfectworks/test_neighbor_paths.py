"""Test that a path with a character too many or too few leads to the right page, on every GET route."""

import re
from urllib.parse import quote, urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, is_valid_path, resolve, reverse
from django.utils.regex_helper import normalize

from core.api.middleware import error_body_of
from invitations.tokens import PAGE_PURPOSES, Purpose, token_for
from tests.factories import InvitationFactory, UserFactory
from tests.support.changes import track_changes

ID = "01900000-0000-7000-8000-000000000000"
CONVERTER = re.compile(r"<(?:(\w+):)?\w+>")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAMPLES = {"app_label": "orgs", "suppression_id": ID}
COPIED = [
    ".",
    ")",
    ",",
    "/",
    ">",
    '"',
    "'",
    "”",
    "»",
    ";",
    "]",
    "*",
    "_",
    "-",
    "\u200b",
    "\u00a0",
    "\n",
    "。",
    ").",
    "//",
]


def sample_of(pattern):
    """Return a path that the pattern of one URL or prefix matches."""
    route = str(pattern)
    if hasattr(pattern, "_route"):
        return CONVERTER.sub(lambda found: ID if found[1] == "uuid" else "abc", route)
    return PLACEHOLDER.sub(lambda found: SAMPLES.get(found[1], "abc"), normalize(route)[0][0])


def paths(patterns=None, prefix="/"):
    """Return a path for every route that answers GET."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + sample_of(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and "get" in getattr(pattern.callback, "actions", {"get"}):
            yield path


PATHS = sorted({*paths()} - {"/"})


def test_the_paths_are_those_of_the_map():
    assert all(is_valid_path(path) for path in PATHS)
    assert len(PATHS) > 150
    for known in ("/i/abc", "/accounts/login/", "/accounts/confirm-email/abc/", "/api/v0/docs", "/admin/login/"):
        assert known in PATHS


def test_every_path_leads_from_its_neighbor_with_or_without_the_slash(client, db):
    for path in PATHS:
        neighbor = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        if is_valid_path(neighbor):  # for example the list of a model in the admin, and its app
            continue
        response = client.get(neighbor, {"page": "2"})
        assert (response.status_code, response["Location"]) == (302, f"{path}?page=2"), neighbor


@pytest.mark.parametrize("copied", [".", "%E2%80%8B", "%3E", "/)"])
def test_every_page_leads_from_a_path_with_more_text(client, db, copied):
    for path in PATHS:
        if error_body_of(path) or path.startswith("/admin/"):
            continue
        response = client.get(path + copied)
        assert response.status_code == 302, path
        assert resolve(response["Location"]).route == resolve(path).route, path


@pytest.mark.parametrize("copied", COPIED)
@pytest.mark.parametrize("times", [1, 2])
def test_a_copied_link_opens_its_invitation(client, invitation, copied, times):
    for purpose in PAGE_PURPOSES:
        encoded = quote(copied) if times == 1 else quote(quote(copied))
        response = client.get(f"/i/{token_for(invitation, purpose)}{encoded}", follow=True)
        assert response.redirect_chain[-1] == (f"/invitations/{invitation.pk}", 302)
        assert response.status_code == 200


@pytest.mark.parametrize("copied", COPIED)
def test_a_copied_unsubscribe_link_opens_its_page(client, invitation, copied):
    path = f"/i/{token_for(invitation, Purpose.UNSUBSCRIBE)}/no-mail"

    response = client.get(path + quote(copied), follow=True)

    assert (response.redirect_chain, response.status_code) == ([(path, 302)], 200)


@pytest.mark.parametrize("copied", ["", *COPIED])
@pytest.mark.parametrize("path", ["/accounts/confirm-email/MQ:1abc:d-e_F", "/accounts/password/reset/key/1-set-abc"])
def test_the_links_in_emails_about_accounts_need_no_last_slash(client, db, path, copied):
    response = client.get(path + quote(copied), follow=True)

    assert response.redirect_chain == ([] if copied == "/" else [(f"{path}/", 302)])
    assert response.status_code == 200


def test_a_link_that_a_mail_program_has_wrapped_is_put_together(client, invitation):
    token = token_for(invitation, Purpose.EMAILED)

    response = client.get(f"/i/{token[:30]}%0A%20{token[30:]}")

    assert (response.status_code, response["Location"]) == (302, f"/i/{token}")


def test_the_redirect_of_a_link_is_not_stored_and_the_session_gets_nothing(client, invitation):
    response = client.get(f"/i/{token_for(invitation, Purpose.EMAILED)}.")

    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "same-origin")
    assert not response.cookies


def test_signing_in_from_the_typed_path_of_the_admin_leads_to_the_admin(client, db):
    """Staff without two-factor authentication read about it first, with a link to the admin."""
    UserFactory.create(email="staff@example.com", password="a calm and long phrase", superuser=True)

    page = client.get("/admin/login", follow=True)
    assert page.request["PATH_INFO"] == reverse("account_login")
    form = {
        "login": "staff@example.com",
        "password": "a calm and long phrase",
        "next": page.context["redirect_field_value"],
    }
    response = client.post(reverse("account_login"), form, follow=True)

    assert response.status_code == 200
    assert '<a href="/admin/login/">continue</a>' in response.content.decode()
    response = client.get("/admin/login/", follow=True)
    assert (response.status_code, response.request["PATH_INFO"]) == (200, "/admin/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_never_redirected(client, db, method):
    with track_changes() as changes:
        for path in (
            "/api/v0/organizations/",
            "/wacht/docs/",
            "/accounts/login",
            "/invitations/",
            "/i/abc.",
            "/mails.",
        ):
            assert getattr(client, method)(path).status_code in (200, 403, 404, 405), path
    assert changes.nothing


@pytest.mark.parametrize(
    "path",
    [
        "//evil.test",
        "//evil.test/.",
        "/\\evil.test/",
        "/%2F/evil.test.",
        "/i/%2F%2Fevil.test.",
        "/evil.test%2F..",
        "/..//evil.test",
    ],
)
def test_no_path_redirects_to_another_host(client, db, path):
    location = urlsplit(client.get(path).headers.get("Location", "/"))

    assert (location.scheme, location.netloc) == ("", "")
    assert not location.path.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere.",
        "/nowhere/",
        "/.",
        "/api/v0/nothing/",
        "/admin/nowhere",
        "/wacht/nothing/",
        "/invitations/%FF",
        "/invitations/..%2F..",
        "/i/abc%0D%0Ad",
    ],
)
def test_a_path_without_a_neighbor_is_answered_as_before(client, db, path):
    assert client.get(path).status_code == (302 if path == "/." else 404)


@pytest.mark.parametrize("path", [f"/zenml/invitations/{ID}.", f"/api/v0/organizations/{ID}.", "/api/v0/docs%3E"])
def test_an_id_in_the_path_of_an_api_is_never_guessed(client, db, path):
    assert "Location" not in client.get(path)


@pytest.fixture
def invitation(organization, owner):
    return InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
