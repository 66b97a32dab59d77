"""Test the language of a page: the reader's choice, or that of the invitation, organization, browser or site."""

import re

import pytest
from django.utils.html import strip_tags

from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization
from tests.factories import InvitationFactory, UserFactory
from tests.support.request_ids import json_without_request_id

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
    assert "am 2. März 2099, 15:04 UTC" in strip_tags(opened(client, invitation).content.decode())

    Invitation.objects.update(language="en")
    assert "on March 2, 2099, 3:04 p.m. UTC" in strip_tags(opened(client, invitation).content.decode())


def choose(client, language, page="/"):
    return client.post("/language", {"language": language, "next": page})


def test_the_readers_choice_comes_before_every_other_language(client, invitation):
    Invitation.objects.update(language="de")
    choose(client, "en")

    assert speaks(opened(client, invitation, GERMAN)) == "en"
    assert speaks(client.get(f"/invitations/{invitation.pk}/sign-in", headers=GERMAN)) == "en"
    unsubscribe = f"/i/{token_for(invitation, Purpose.UNSUBSCRIBE)}/no-mail"
    assert speaks(client.get(unsubscribe, headers=GERMAN)) == "en"


def test_every_page_offers_the_other_languages_and_comes_back_to_itself(client, invitation):
    html = opened(client, invitation).content.decode()

    assert f'<input type="hidden" name="next" value="/invitations/{invitation.pk}">' in html
    assert re.findall(r'name="language" value="(\w+)" lang="(\w+)">(\w+)<', html) == [("de", "de", "Deutsch")]
    response = choose(client, "de", f"/invitations/{invitation.pk}")
    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert speaks(client.get("/nowhere?a=b", headers=ENGLISH)) == "de"
    assert 'value="/nowhere?a=b"' in client.get("/nowhere?a=b").content.decode()


def test_the_choice_needs_no_token_and_is_kept_for_a_year(db):
    from django.test import Client

    cookie = choose(Client(enforce_csrf_checks=True), "de").cookies["language"]

    assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["httponly"]) == ("de", 31536000, "Lax", True)


@pytest.mark.parametrize("page", ["https://evil.test/", "//evil.test/", "/\\evil.test/", "javascript:alert(1)", ""])
def test_choosing_a_language_leads_to_no_other_site(client, page):
    assert choose(client, "de", page)["Location"] == "/"


@pytest.mark.parametrize("language", ["tlh", "", "de-AT;evil"])
def test_an_unknown_language_is_not_kept(client, db, language):
    choose(client, language)

    assert speaks(client.get("/", headers=ENGLISH)) == "en"


def test_looking_at_the_address_of_the_choice_changes_nothing(client, db):
    assert client.get("/language?language=de")["Location"] == "/"
    assert "language" not in client.cookies


def test_the_choice_does_not_translate_the_admin_and_the_apis(client, db):
    english = json_without_request_id(client.get("/api/v0/invitations"))
    choose(client, "de")
    assert json_without_request_id(client.get("/api/v0/invitations")) == english

    client.force_login(UserFactory.create(email="staff@example.com", superuser=True))
    assert speaks(client.get("/admin/")) == "en"
