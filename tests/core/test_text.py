"""Test the validation of names and descriptions."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.text import validate_plain_multiline_text, validate_plain_text

NEVER_SAFE = [
    "\x00",
    "\x07",
    "\x0b",
    "\x0c",
    "\r",
    "\x1b",
    "\x7f",
    "\x85",
    "\u00ad",
    "\u061c",
    "\u115f",
    "\u180e",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u2028",
    "\u2029",
    "\u202a",
    "\u202e",
    "\u2060",
    "\u2066",
    "\u2069",
    "\u206a",
    "\u3164",
    "\ud800",
    "\udfff",
    "\ue000",
    "\ufdd0",
    "\ufeff",
    "\uffa0",
    "\ufff9",
    "\uffff",
    "\U0001fffe",
    "\U000e0041",
    "\U000effff",
    "\U0010ffff",
]
SAFE = [
    "Acme",
    "Ünïcödé & Söhne",
    "日本語",
    "עברית",
    "العربية",
    "a\u00a0b",
    "I ❤️ you",
    "👍🏽",
    "e\u0301",
    "<b>",
    "'; --",
]


@pytest.mark.parametrize("text", SAFE)
def test_visible_text_is_accepted(text):
    validate_plain_text(text)
    validate_plain_multiline_text(text)


@pytest.mark.parametrize("character", NEVER_SAFE, ids=lambda character: f"U+{ord(character):04X}")
@pytest.mark.parametrize("validate", [validate_plain_text, validate_plain_multiline_text])
def test_what_cannot_be_seen_or_turns_text_around_is_refused(validate, character):
    with pytest.raises(ValidationError) as refused:
        validate(f"a{character}b")
    assert refused.value.code == "unsafe_text"
    assert refused.value.messages == [f"The character U+{ord(character):04X} at position 2 is not allowed here."]


@pytest.mark.parametrize("character", ["\n", "\t"])
def test_newline_and_tab_belong_in_descriptions_only(character):
    validate_plain_multiline_text(f"a{character}b")
    with pytest.raises(ValidationError):
        validate_plain_text(f"a{character}b")


@pytest.mark.parametrize("text", [" a", "a ", "\u00a0a", "a\u3000", "a\n", "\ta", " "])
def test_a_name_has_no_space_around_it(text):
    with pytest.raises(ValidationError) as refused:
        validate_plain_text(text)
    assert refused.value.messages == ["Remove the spaces at the beginning and the end."]


def test_a_name_is_not_blank_and_a_description_may_be():
    with pytest.raises(ValidationError) as refused:
        validate_plain_text("")
    assert refused.value.messages == ["This field must not be blank."]
    validate_plain_multiline_text("")


@given(st.text())
def test_what_is_accepted_is_one_line_that_unicode_calls_visible(text):
    try:
        validate_plain_text(text)
    except ValidationError:
        return
    assert text == text.strip() != ""
    assert len(text.splitlines()) == 1
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Co", "Zl", "Zp"}
