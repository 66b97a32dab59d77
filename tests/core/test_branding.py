"""Test that the name and logo of the service come from the settings."""

import re
from collections.abc import Iterator
from email.headerregistry import Address
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from core.branding import get_branding
from tests.factories import UserFactory
from tests.support.project_settings import PRODUCTION, load

NAMED = {
    "SERVICE_NAME": "Riverside Passes",
    "SERVICE_LOGO_URL": "https://cdn.riverside.test/logo.png",
    "OPERATOR_NAME": "Riverside Hosting",
    "SUPPORT_EMAIL": "help@riverside.test",
    "IMPRINT_URL": "https://riverside.test/imprint",
    "PRIVACY_URL": "https://riverside.test/privacy",
}


def texts() -> Iterator[Path]:
    yield from (project.BASE_DIR / "templates").rglob("*.*")
    for folder in ("locale", "locale_allauth"):
        yield from (project.BASE_DIR / folder).rglob("*.po")


def test_no_template_and_no_translation_contains_the_name() -> None:
    found = [path for path in texts() if re.search(r"(?<!Project-Id-Version: )PerfectWorks|>PW<", path.read_text())]
    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/accounts/profile/", "/nowhere", "/admin/", "/api/v0/docs"])
def test_a_page_shows_the_name_and_the_logo_of_the_settings(client: Client, settings: Settings, path: str) -> None:
    for name, value in NAMED.items():
        setattr(settings, name, value)
    client.force_login(UserFactory.create(superuser=True))
    html = client.get(path, follow=True).content.decode()
    assert '<link rel="icon" href="https://cdn.riverside.test/logo.png">' in html
    if path in ("/nowhere", "/"):
        assert "· Riverside Passes</title>" in html
        assert '<a href="https://riverside.test/imprint">Imprint</a>' in html
        assert '<a href="mailto:help@riverside.test">Help</a>' in html


@pytest.mark.django_db
def test_without_an_operator_the_footer_has_only_the_language(client: Client) -> None:
    html = client.get("/").content.decode()
    footer = html[html.index("<footer") : html.index("</footer>")]
    assert re.findall(r">([^<>]*\w[^<>]*)<", footer) == ["Deutsch"]


@pytest.mark.parametrize(
    ("name", "letters"),
    [("PerfectWorks", "PW"), ("passes", "P"), ("Élan vital plus", "ÉV"), ("!", "!"), ("ÜberPass", "ÜP")],
)
def test_the_initials_of_the_name(settings: Settings, name: str, letters: str) -> None:
    settings.SERVICE_NAME = name
    assert get_branding().initials == letters


def test_the_sender_the_authenticator_the_document_and_the_policy_follow_the_settings() -> None:
    loaded = load(**PRODUCTION, **NAMED)

    assert loaded["DEFAULT_FROM_EMAIL"] == "Riverside Passes <no-reply@perfectworks.test>"
    assert loaded["MFA_TOTP_ISSUER"] == loaded["SPECTACULAR_SETTINGS"]["TITLE"] == "Riverside Passes"
    images = loaded["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"]
    assert images == ["'self'", "data:", "https://cdn.riverside.test/logo.png"]


def test_the_admin_has_the_name() -> None:
    from django.contrib import admin

    assert (admin.site.site_title, admin.site.site_header) == (project.SERVICE_NAME, project.SERVICE_NAME)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SERVICE_NAME": "Two\nlines"}, "SERVICE_NAME must be one line of at most 64 visible characters."),
        ({"OPERATOR_NAME": "x" * 65}, "OPERATOR_NAME must be one line of at most 64 visible characters."),
        (
            {"SERVICE_LOGO_URL": "javascript:alert(1)"},
            "SERVICE_LOGO_URL must be a URL that begins with https:// (or http://).",
        ),
        ({"IMPRINT_URL": "https://a.test/ ;"}, "IMPRINT_URL must be a URL that begins with https:// (or http://)."),
        ({"SUPPORT_EMAIL": "Help <help@a.test>"}, "SUPPORT_EMAIL must be an email address."),
        (
            {"DEFAULT_FROM_EMAIL": "no-reply"},
            "DEFAULT_FROM_EMAIL must be one address, such as Service <no-reply@your.host>.",
        ),
        (
            {"DEFAULT_FROM_EMAIL": "a@a.test, b@b.test"},
            "DEFAULT_FROM_EMAIL must be one address, such as Service <no-reply@your.host>.",
        ),
    ],
)
def test_a_setting_that_would_break_pages_or_emails_is_refused(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(**PRODUCTION, **variables)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("", "PerfectWorks <no-reply@[IPv6:::1]>"),
        ("Acme Inc. (Europe) <a@a.test>", '"Acme Inc. (Europe)" <a@a.test>'),
        ("no-reply@a.test", "PerfectWorks <no-reply@a.test>"),
        ('"Müller, A" <a@bücher.example>', '"Müller, A" <a@xn--bcher-kva.example>'),
    ],
)
def test_the_sender_has_a_name_and_a_domain_in_ascii(sender: str, shown: str) -> None:
    from perfectworks.environment import require_sender

    assert require_sender(sender, default=Address("PerfectWorks", "no-reply", "[IPv6:::1]")) == shown
