"""*Your data* and *Delete your account* among the account pages."""

import json
import time
from typing import Any

import pytest
from django.test import Client

from accounts.browser_sessions import Session
from accounts.models import User
from core.personal_data import export_person
from orgs.actions.accounts import reactivate_account
from orgs.models import Organization
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import PASSWORD, membership_of

DATA, DOWNLOAD, DELETE, GOODBYE = (f"/accounts/{name}/" for name in ("data", "data/download", "delete", "goodbye"))


def sign_in(person: User) -> Client:
    """Sign in with a password, so that the session has the time of the sign-in."""
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return client


def long_ago(client: Client) -> None:
    """Let the sign-in be older than ``RECENT_SIGN_IN``."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 16 * 60
    session.save()


def text_of(page: Any) -> list[str]:
    text = visible_text(page)
    return text[text.index("Your data") + 1 :]


class TestYourData:
    def test_it_offers_the_download_and_the_deletion(self, member):
        assert text_of(sign_in(member).get(DATA)) == [
            "Your data",
            "Download everything that this service stores about you: your account, sessions, organizations, "
            "invitations, API keys, and what you did. The file contains no password and no other secret. "
            "It is in the JSON format, which other programs can read.",
            "Download your data",
            "Delete your account",
            "Close your account, or delete it with everything that names you. We'll ask before anything happens.",
            "Delete your account",
        ]

    def test_it_leads_to_the_page_on_which_an_organization_is_left(self, organization, member):
        page = sign_in(member).get(DATA)

        assert text_of(page)[3:5] == ["Leave an organization", "Riverside"]
        assert '<a href="/organizations/riverside/leave">Riverside</a>' in page.content.decode()

    def test_the_file_is_the_export(self, member):
        response = sign_in(member).get(DOWNLOAD)

        member.refresh_from_db()
        sent, expected = json.loads(response.getvalue()), json.loads("".join(export_person(member)))
        assert sent | {"exportedAt": ""} == expected | {"exportedAt": ""}
        assert response["Content-Disposition"] == 'attachment; filename="my-data.json"'
        assert (response["Content-Type"], response["Cache-Control"]) == ("application/json", "no-store")

    def test_after_a_while_the_password_is_asked_for_and_leads_back(self, member):
        client = sign_in(member)
        long_ago(client)

        response = client.get(DOWNLOAD)
        assert response["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Fdata%2F"
        assert client.post(response["Location"], {"password": PASSWORD})["Location"] == DATA
        assert client.get(DOWNLOAD).status_code == 200

    @pytest.mark.django_db
    @pytest.mark.parametrize("path", [DATA, DOWNLOAD, DELETE])
    def test_it_is_for_people_who_are_signed_in(self, path):
        assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"


class TestDeletion:
    def test_closing_keeps_the_name_and_can_be_undone_by_staff(self, organization, member, by_staff):
        client, membership = sign_in(member), membership_of(member, organization)

        with track_changes() as changes:
            page: Any = client.post(DELETE, {"how": "close"}, follow=True)

        assert page.redirect_chain == [(GOODBYE, 302)]
        assert visible_text(page) == [
            "Goodbye",
            "Your account has ended, and you're signed out. If somebody invites you again, you can create a new "
            "account.",
            "Home",
        ]
        assert changes.events == [
            event("membership.left", membership, member, organization, user_id=member.pk),
            event("user.deleted", member, member),
        ]
        assert not Session.objects.filter(user=member).exists()
        member.refresh_from_db()
        assert (member.is_active, member.email) == (False, "member@example.com")
        reactivate_account(by=by_staff, user=member)

    def test_deleting_for_good_erases_the_person(self, organization, member):
        client = sign_in(member)

        page: Any = client.post(DELETE, {"how": "for-good"}, follow=True)

        assert page.redirect_chain == [(GOODBYE, 302)]
        assert visible_text(page)[:2] == ["Your name and your email addresses have been erased.", "Goodbye"]
        assert not User.objects.filter(pk=member.pk).exists()
        assert client.get(DATA)["Location"] == f"/accounts/login/?next={DATA}"

    @pytest.mark.parametrize("how", ["close", "for-good"])
    def test_the_only_owner_is_led_to_the_organization_first(self, organization, owner, how):
        client = sign_in(owner)
        shown = client.get(DELETE)
        with track_changes() as changes:
            refused = client.post(DELETE, {"how": how})

        assert (shown.status_code, refused.status_code) == (200, 409)
        assert "An organization needs an owner. Transfer the ownership first." in text_of(refused)
        for page in (shown, refused):
            assert "Close my account" not in text_of(page)
            assert '<a href="/organizations/riverside">Riverside</a>' in page.content.decode()
        assert changes.nothing
        assert client.get(DATA).status_code == 200

    def test_an_archived_organization_needs_another_owner_too(self, organization, owner):
        Organization.objects.update(deleted_at="2026-01-01T00:00:00Z")

        assert "Riverside" in text_of(sign_in(owner).get(DELETE))

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_it_asks_for_the_password_first(self, organization, member, method):
        client = sign_in(member)
        long_ago(client)

        with track_changes() as changes:
            response = getattr(client, method)(DELETE, {"how": "close"})

        assert response["Location"].startswith("/accounts/reauthenticate/?next=%2Faccounts%2Fdelete%2F")
        assert changes.nothing

    def test_it_needs_a_csrf_token(self, organization, member):
        client = sign_in(member)
        client.handler.enforce_csrf_checks = True

        with track_changes() as changes:
            assert client.post(DELETE, {"how": "close"}).status_code == 403
        assert changes.nothing

    def test_it_does_nothing_if_the_form_does_not_say_how(self, organization, member):
        with track_changes() as changes:
            assert sign_in(member).post(DELETE, {}).status_code == 400
        assert "user.deleted" not in [event.kind for event in changes.events]


def test_goodbye_is_for_people_who_are_signed_out(member):
    assert sign_in(member).get(GOODBYE)["Location"] == "/accounts/profile/"
