"""Every text of pages and mails is translated, whole, and what is compiled is what is written."""

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
WRITTEN_SO = {"This functionality requires JavaScript."}
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
def test_the_code_asks_for_the_texts_that_the_catalog_has(code):
    entries = read_po(ROOT / "locale" / code / "LC_MESSAGES" / "django.po")

    assert texts_in_code() ^ {entry.key for entry in entries} == set(), ADVICE


def test_every_text_is_translated(entries):
    assert [entry.text for entry in entries if not all(entry.translations.values())] == [], ADVICE


def test_nothing_is_only_guessed(entries):
    assert [entry.text for entry in entries if entry.fuzzy] == [], ADVICE


def test_a_text_with_a_plural_has_every_form(entries):
    assert [entry.text for entry in entries if len(entry.translations) != (2 if entry.plural else 1)] == []


def test_a_translation_names_what_its_text_names(entries):
    for entry in entries:
        named = set(PLACEHOLDER.findall(entry.text + entry.plural))
        for said in entry.translations.values():
            assert set(PLACEHOLDER.findall(said)) == named, entry.text


def test_what_is_compiled_is_what_is_written(folder, entries):
    written = {(entry.key, form): said for entry in entries for form, said in entry.translations.items()}

    assert read_mo(folder / "django.mo") == written, ADVICE


def test_germans_are_addressed_formally(folder, entries):
    assert [said for entry in entries for said in entry.translations.values() if INFORMAL.search(said)] == []


def test_no_line_ends_within_the_german_word_for_email(folder, entries):
    """Browsers break at an ordinary hyphen; U+2011 looks the same and holds."""
    assert [said for entry in entries for said in entry.translations.values() if "E-Mail" in said] == []


def test_the_library_addresses_germans_formally_where_we_correct_it():
    with translation.override("de"):
        said = {text: translation.gettext(text) for _, text in texts_of_allauth()}

    assert [words for words in said.values() if INFORMAL.search(words)] == []
    assert [text for text in said if said[text] == text and text not in SAME_IN_GERMAN] == []


def test_the_library_writes_english_headings_like_sentences_where_we_correct_it():
    said = {translation.gettext(text) for _, text in texts_of_allauth()}

    assert {words for words in said if INNER_CAPITAL.search(words)} - WRITTEN_SO == set()


@pytest.mark.parametrize("code", ["de", "en"])
def test_only_what_the_library_says_is_corrected(code):
    entries = read_po(ROOT / "locale_allauth" / code / "LC_MESSAGES" / "django.po")

    assert {entry.key for entry in entries} - texts_of_allauth() == set()
