"""Test that an email is in its recipient's language, even if the worker uses another language."""

import re
from datetime import UTC, datetime

import pytest
from django.db.models.functions import Now
from django.utils import translation
from django.utils.html import strip_tags

from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.relative_time import relative_time
from invitations.actions import answering, inviting
from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose, link_for, token_for, unsubscribe_link_for
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE
from tests.accounts.emailing import ASK, emailed, html_of
from tests.factories import UserFactory
from tests.orgs.api.house import API
from tests.support.outbox import account_emails, deliver_next

DATA = re.compile(r"\S+@\S+|https?://\S+|(R)?Riverside|(> )?Nein\.")


@pytest.fixture
def invite(organization, owner):
    def invite(**terms):
        by = Principal(user=owner, method=Method.SESSION)
        return inviting.invite(
            by=by,
            organization_id=organization.pk,
            email=normalize_address("invitee@example.com"),
            role_id=EDITOR_ROLE,
            **terms,
        )

    return invite


def sent():
    assert deliver_next()
    message = account_emails()[-1]
    return message, html_of(message)


def lines_of(message):
    html = strip_tags(html_of(message).split("</style>")[-1])
    return {line.strip() for line in f"{message.subject}\n{message.body}\n{html}".splitlines()}


@pytest.mark.parametrize(
    ("organizations", "invitations", "sites", "spoken"),
    [
        ("en", "de", "en", "de"),
        ("de", "", "en", "de"),
        ("de", "en", "de", "en"),
        ("", "", "de", "de"),
        ("", "", "en", "en"),
    ],
)
def test_an_invitation_email_has_its_own_language_first(invite, settings, organizations, invitations, sites, spoken):
    settings.LANGUAGE_CODE = sites
    Organization.objects.update(language=organizations)
    invite(language=invitations)

    message, html = sent()

    subjects = {"en": "Owner Cast invited you to join Riverside", "de": "Owner Cast hat Sie zu Riverside eingeladen"}
    assert message.subject == subjects[spoken]
    assert f'<html lang="{spoken}">' in html


def test_an_email_to_the_inviter_has_the_organizations_language(invite, invitee):
    Organization.objects.update(language="en")
    invitation = invite(language="de")
    sent()
    answering.decline(by=Principal(user=invitee, method=Method.SESSION), invitation_id=invitation.pk)

    message, html = sent()

    assert message.subject == "invitee@example.com declined your invitation to Riverside"
    assert '<html lang="en">' in html


@pytest.mark.parametrize("kind", Email.Kind.values)
@pytest.mark.parametrize("status", ["pending", "accepted", "declined", "expired"])
def test_german_and_english_emails_share_only_names_and_links(invite, kind, status):
    invite()
    Invitation.objects.update(status=status, finished_at=None if status == "pending" else Now(), decline_reason="Nein.")
    Email.objects.update(kind=kind, recipient="owner@example.com")
    lines = {}
    for language in ("en", "de"):
        Organization.objects.update(language=language)
        message = render_invitation_email(Email.objects.get(), Invitation.objects.with_details().get())
        lines[language] = lines_of(message)

    shared = [line for line in lines["en"] & lines["de"] if line and not DATA.fullmatch(line)]
    assert shared == []


def test_the_text_is_completely_german(invite):
    Organization.objects.update(language="de")
    invitation = invite()
    expires = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    Invitation.objects.update(expires_at=expires)

    message, _ = sent()

    with translation.override("de"):
        left = relative_time(expires)
    assert message.body == (
        "Owner Cast hat Sie eingeladen, Riverside beizutreten.\n"
        "\n"
        "Rolle: Bearbeiter\n"
        "Eingeladene E‑Mail-Adresse: invitee@example.com\n"
        f"Läuft ab: {left}, am 2. Januar 2099, 03:04 UTC\n"
        "\n"
        "Einladung ansehen und annehmen oder ablehnen:\n"
        "\n"
        f"{link_for(invitation)}\n"
        "\n"
        "Sie erhalten diese E‑Mail, weil Owner Cast Sie unter der Adresse invitee@example.com "
        "über http://127.0.0.1:8000 eingeladen hat.\n"
        "Sie haben diese E‑Mail nicht erwartet? Dann können Sie sie ignorieren. Ohne Ihre Antwort geschieht nichts.\n"
        "\n"
        "E‑Mails abbestellen:\n"
        f"{unsubscribe_link_for(invitation)}\n"
    )


def test_the_worker_restores_its_own_language(invite):
    invite(language="de")
    with translation.override("en"):
        sent()
        assert translation.get_language() == "en"


def test_an_account_email_requested_by_a_client_has_the_requested_language(client, db, mailoutbox):
    body = {"email": "new@example.com", "password": "a calm and long phrase", "firstName": "New", "lastName": "Cast"}
    answer = client.post(
        f"{API}/users/register", body, content_type="application/json", headers={"Accept-Language": "de"}
    )

    assert answer.status_code == 202
    assert mailoutbox[0].subject == "Bitte bestätigen Sie Ihre E‑Mail-Adresse"


@pytest.mark.parametrize("kind", ASK)
def test_an_account_email_is_completely_in_its_readers_language(db, kind):
    member = UserFactory.create(email="member@example.com", password="a calm and long phrase")
    lines = {}
    for language in ("en", "de"):
        message = emailed(kind, member, address=f"in-{language}@example.com", accept_language=language)
        lines[language] = lines_of(message)
        assert f'<html lang="{language}">' in html_of(message)

    shared = [line for line in lines["en"] & lines["de"] if line and not DATA.fullmatch(line)]
    assert shared == ["PWPerfectWorks"]


def test_an_account_email_during_an_invitation_has_its_language(client, invite, mailoutbox):
    invitation = invite(language="de")
    english = {"Accept-Language": "en"}
    client.get(f"/i/{token_for(invitation, Purpose.LISTED)}", headers=english)

    client.post(f"/invitations/{invitation.pk}/sign-up", {"password1": "a calm and long phrase"}, headers=english)

    [message] = mailoutbox
    assert message.subject == "Bitte bestätigen Sie Ihre E‑Mail-Adresse"
    assert '<html lang="de">' in html_of(message)


def test_an_account_email_has_the_sites_language_if_the_reader_has_none(db, settings):
    settings.LANGUAGE_CODE = "de"
    member = UserFactory.create(email="member@example.com", password="a calm and long phrase")

    assert emailed("new-password", member).subject == "Neues Passwort wählen"
