"""Test that every text of pages and emails is translated, and that the compiled catalogs are current."""

import re

import pytest
from django.conf import settings
from django.utils import translation

from tests.languages.catalog import ROOT, read_mo, read_po, texts_in_code, texts_of_allauth

ADVICE = "run `make messages`, then translate what is empty in locale/"
PLACEHOLDER = re.compile(r"%\((\w+)\)\w")
INFORMAL = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|[Bb]itte (gib|wähle|versuche|bestätige|klick\w*))\b")
SAME_IN_GERMAN = {"Code", "WebAuthn", "MFA", "TOTP Authenticator", "Passkey"}
INNER_CAPITAL = re.compile(r"[a-z)] [A-Z][a-z]")
ALLOWED_CAPITALS = {"This functionality requires JavaScript."}
ENGLISH = "locale_allauth/en"
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != "en"]
CATALOGS = [*(f"{folder}/{code}" for folder in ("locale", "locale_allauth") for code in TRANSLATED), ENGLISH]


@pytest.fixture(params=CATALOGS)
def folder(request):
    return ROOT / request.param / "LC_MESSAGES"


@pytest.fixture
def entries(folder):
    return read_po(folder / "django.po")


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalog_has_the_texts_of_the_code(code):
    entries = read_po(ROOT / "locale" / code / "LC_MESSAGES" / "django.po")

    assert texts_in_code() ^ {entry.key for entry in entries} == set(), ADVICE


def test_every_text_is_translated(entries):
    assert [entry.text for entry in entries if not all(entry.translations.values())] == [], ADVICE


def test_no_entry_is_fuzzy(entries):
    assert [entry.text for entry in entries if entry.fuzzy] == [], ADVICE


def test_a_text_with_a_plural_has_every_form(entries):
    assert [entry.text for entry in entries if len(entry.translations) != (2 if entry.plural else 1)] == []


def test_a_translation_has_the_placeholders_of_its_text(entries):
    for entry in entries:
        named = set(PLACEHOLDER.findall(entry.text + entry.plural))
        for text in entry.translations.values():
            assert set(PLACEHOLDER.findall(text)) == named, entry.text


def test_the_compiled_catalog_is_current(folder, entries):
    written = {(entry.key, form): text for entry in entries for form, text in entry.translations.items()}

    assert read_mo(folder / "django.mo") == written, ADVICE


def test_germans_are_addressed_formally(folder, entries):
    assert [text for entry in entries for text in entry.translations.values() if INFORMAL.search(text)] == []


def test_no_line_ends_within_the_german_word_for_email(folder, entries):
    """Browsers break lines at an ordinary hyphen, but not at a non-breaking hyphen (U+2011)."""
    assert [text for entry in entries for text in entry.translations.values() if "E-Mail" in text] == []


def in_singular(text: str) -> str:
    """Return the translation. In Python 3.11.2, `gettext` does not find the texts that have a plural."""
    translated = translation.gettext(text)
    return translation.ngettext(text, text, 1) if translated == text else translated


def test_overridden_library_texts_are_formal_german():
    with translation.override("de"):
        translations = {text: in_singular(text) for _, text in texts_of_allauth()}

    assert [text for text in translations.values() if INFORMAL.search(text)] == []
    assert [text for text in translations if translations[text] == text and text not in SAME_IN_GERMAN] == []


def test_overridden_library_headings_use_sentence_case():
    texts = {translation.gettext(text) for _, text in texts_of_allauth()}

    assert {text for text in texts if INNER_CAPITAL.search(text)} - ALLOWED_CAPITALS == set()


@pytest.mark.parametrize("code", ["de", "en"])
def test_only_texts_of_the_library_are_overridden(code):
    entries = read_po(ROOT / "locale_allauth" / code / "LC_MESSAGES" / "django.po")

    assert {entry.key for entry in entries} - texts_of_allauth() == set()
