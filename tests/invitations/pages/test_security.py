"""Test the security headers of the invitation pages, and that other sites cannot submit their forms."""

import pytest
from django.conf import settings
from django.test import Client

from invitations.tokens import Purpose, token_for
from tests.support.changes import track_changes

POLICY = {
    "base-uri": "'none'",
    "default-src": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "style-src": "'self'",
}
BUTTONS = ("accept", "decline", "ask-again", "switch", "verify", "add-address", "set-password")
PAGES = ("/", "/invitations", "/accounts/login/", "/nowhere", "/i/nothing")


def policy_of(response):
    return dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))


def assert_private(response):
    assert policy_of(response) == POLICY
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_private(client, db, path):
    assert_private(client.get(path))


def test_the_link_and_its_page_are_private(client, invitation):
    assert_private(client.get(f"/i/{token_for(invitation, Purpose.EMAILED)}"))
    assert_private(client.get(f"/invitations/{invitation.pk}"))


@pytest.mark.parametrize("button", BUTTONS)
def test_no_button_works_without_the_token_of_our_own_form(invitation, invitee, button):
    client = Client(enforce_csrf_checks=True)
    client.force_login(invitee)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32

    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/{button}")

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    assert_private(response)
    assert changes.nothing


def test_the_token_of_our_own_form_is_accepted(invitation, invitee):
    client = Client(enforce_csrf_checks=True)
    client.force_login(invitee)
    form = client.get(f"/invitations/{invitation.pk}").context["csrf_token"]

    response = client.post(f"/invitations/{invitation.pk}/accept", {"csrfmiddlewaretoken": str(form)})

    assert response.status_code == 302


def test_the_cookie_of_the_session_is_out_of_reach_for_scripts_and_other_sites(client, invitation):
    cookie = client.get(f"/i/{token_for(invitation, Purpose.EMAILED)}").cookies["session_id"]

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize(
    ("logo", "sources"),
    [
        ("https://logos.example.com/riverside.png", "'self' data: https://logos.example.com"),
        ("https://LOGOS.example.com:8443/a;b,c.png?x=1", "'self' data: https://logos.example.com:8443"),
        ("http://logos.example.com/riverside.png", "'self' data:"),
        ("https://user:secret@logos.example.com/a.png", "'self' data:"),
        ("https://logos.example.com;script-src */a.png", "'self' data:"),
        ("https://[::1/a.png", "'self' data:"),
        ("javascript:alert(1)", "'self' data:"),
        ("", "'self' data:"),
    ],
)
def test_a_page_shows_the_logo_of_its_organization_and_no_other_image(
    invitation, organization, open_link, logo, sources
):
    organization.logo_url = logo
    organization.save()

    response = open_link(invitation)

    assert policy_of(response) == POLICY | {"img-src": sources}
    assert ('referrerpolicy="no-referrer"' in response.content.decode()) == (sources != "'self' data:")


def test_a_logo_on_our_own_address_is_shown(invitation, organization, open_link, settings):
    organization.logo_url = f"{settings.PUBLIC_BASE_URL}/static/perfectworks.svg"
    organization.save()

    assert f'src="{organization.logo_url}"' in open_link(invitation).content.decode()
