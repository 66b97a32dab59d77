"""Test the language of a page: that of the invitation, or else the organization, the browser, or the site."""

import re

import pytest
from django.utils.html import strip_tags

from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization
from tests.factories import InvitationFactory, UserFactory

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en-GB"}
TITLES = {"en": "Join Riverside", "de": "Riverside beitreten"}


@pytest.fixture
def invitation(organization, owner):
    return InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)


def speaks(response):
    """Return the language of the page. Check that the Content-Language header is the same."""
    html = response.content.decode()
    [language] = re.findall(r'<html lang="([\w-]*)"', html)
    assert response["Content-Language"] == language
    return language


def opened(client, invitation, headers=ENGLISH):
    return client.get(f"/i/{token_for(invitation, Purpose.EMAILED)}", headers=headers, follow=True)


@pytest.mark.parametrize(
    ("invitations", "organizations", "browsers", "spoken"),
    [
        ("de", "en", ENGLISH, "de"),
        ("en", "de", GERMAN, "en"),
        ("", "de", ENGLISH, "de"),
        ("", "en", GERMAN, "en"),
        ("", "", GERMAN, "de"),
        ("", "", ENGLISH, "en"),
        ("", "", {}, "en"),
        ("", "", {"Accept-Language": "fr,es;q=0.8"}, "en"),
        ("", "", {"Accept-Language": "de;q=nonsense,,\x7f"}, "en"),
    ],
)
def test_a_page_has_the_invitations_language_first(client, invitation, invitations, organizations, browsers, spoken):
    Organization.objects.update(language=organizations)
    Invitation.objects.update(language=invitations)

    page = opened(client, invitation, browsers)

    assert speaks(page) == spoken
    assert f"<title>{TITLES[spoken]} " in page.content.decode()


def test_the_sites_language_is_the_fallback(client, db, settings):
    settings.LANGUAGE_CODE = "de"

    assert speaks(client.get("/", headers={"Accept-Language": "fr"})) == "de"
    assert speaks(client.get("/", headers=ENGLISH)) == "en"


def test_sign_in_and_sign_up_have_the_language_of_the_invitation(client, invitation):
    Invitation.objects.update(language="de")
    opened(client, invitation)

    for path in ("sign-in", "sign-up"):
        assert speaks(client.get(f"/invitations/{invitation.pk}/{path}", headers=ENGLISH)) == "de"
    assert speaks(client.get("/accounts/password/reset/", headers=ENGLISH)) == "de"


def test_without_a_link_the_page_has_the_invitations_language_and_the_list_the_readers(client, invitation, invitee):
    Invitation.objects.update(language="de")
    client.force_login(invitee)

    assert speaks(client.get("/invitations", headers=ENGLISH)) == "en"
    assert speaks(client.get(f"/invitations/{invitation.pk}", headers=ENGLISH)) == "de"
    assert speaks(client.get("/invitations", headers=ENGLISH)) == "en"


def test_a_later_link_without_a_language_uses_the_browsers(client, invitation, organization, owner):
    Invitation.objects.update(language="de")
    opened(client, invitation)

    opened(client, InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner))

    assert speaks(client.get("/accounts/password/reset/", headers=ENGLISH)) == "en"


def test_switching_the_account_keeps_the_language(client, invitation, stranger):
    Invitation.objects.update(language="de")
    client.force_login(stranger)
    opened(client, invitation)

    page = client.post(f"/invitations/{invitation.pk}/switch", headers=ENGLISH, follow=True)

    assert speaks(page) == "de"
    assert speaks(client.get("/accounts/login/", headers=ENGLISH)) == "de"


def test_signing_out_ends_it(client, invitation, invitee):
    Invitation.objects.update(language="de")
    client.force_login(invitee)
    opened(client, invitation)

    client.post("/accounts/logout/")

    assert speaks(client.get("/", headers=ENGLISH)) == "en"


def test_people_who_may_not_see_an_invitation_do_not_learn_its_language(client, invitation, stranger):
    Invitation.objects.update(language="de")
    client.force_login(stranger)

    assert speaks(client.get(f"/invitations/{invitation.pk}", headers=ENGLISH)) == "en"


def test_an_older_link_has_the_invitations_language(client, invitation):
    link = f"/i/{token_for(invitation, Purpose.EMAILED)}"
    Invitation.objects.update(language="de", generation=2)

    page = client.get(link, headers=ENGLISH)

    assert (page.status_code, speaks(page)) == (410, "de")


def test_a_language_that_was_removed_is_ignored(client, db):
    session = client.session
    session["language"] = "tlh"
    session.save()

    assert speaks(client.get("/", headers=GERMAN)) == "de"


def test_the_admin_is_in_english(client, invitation):
    client.force_login(UserFactory.create(email="staff@example.com", superuser=True))
    for path in ("", "orgs/organization/", f"invitations/invitation/{invitation.pk}/change/"):
        assert speaks(client.get(f"/admin/{path}", headers=GERMAN)) == "en"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/accounts/login/", "/invitations/nowhere", "/i/nothing"])
def test_every_page_varies_by_what_its_language_depends_on(client, db, path):
    page = client.get(path, headers=GERMAN)

    assert speaks(page) == "de"
    assert {"accept-language", "cookie"} <= {name.strip().lower() for name in page["Vary"].split(",")}


def test_a_method_not_allowed_has_the_readers_language(client, invitation):
    page = client.delete(f"/invitations/{invitation.pk}/accept", headers=GERMAN)

    assert (page.status_code, speaks(page)) == (405, "de")
    assert "Das geht unter dieser Adresse nicht" in page.content.decode()


def test_an_expired_form_has_the_readers_language(invitation):
    from django.test import Client

    page = Client(enforce_csrf_checks=True).post("/accounts/login/", headers=GERMAN)

    assert (page.status_code, speaks(page)) == (403, "de")


def test_one_response_does_not_set_the_language_of_the_next(client, invitation):
    Invitation.objects.update(language="de")
    opened(client, invitation)
    client.cookies.clear()

    assert speaks(client.get("/")) == "en"


def test_dates_are_written_in_the_language_and_name_their_zone(client, invitation):
    Invitation.objects.update(language="de", expires_at="2099-03-02T15:04:00Z")
    assert "2. März 2099, 15:04 UTC" in strip_tags(opened(client, invitation).content.decode())

    Invitation.objects.update(language="en")
    assert "March 2, 2099, 3:04 p.m. UTC" in strip_tags(opened(client, invitation).content.decode())
