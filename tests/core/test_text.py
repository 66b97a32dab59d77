"""Test the validation of names and descriptions."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.pages.forms import NameForm
from core.api.serializers import PlainTextField
from core.text import (
    UNSAFE_IN_A_LINE,
    trimmed,
    validate_plain_multiline_text,
    validate_plain_text,
    without,
)

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
    "\U0001bca0",
    "\U0001d173",
    "\U0001d17a",
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
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: a non-joiner between two letters
    "\u0915\u094d\u200d\u0937",  # Hindi: a joiner after a virama
    "\u0d05\u0d28\u0d3f\u0d32\u0d4d\u200d",  # Malayalam: a joiner after a virama at the end of a word
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala
    "\U0001f469\u200d\U0001f4bb",  # a woman at a computer
    "\U0001f469\U0001f3fd\u200d\U0001f680",  # with a skin tone
    "\u2764\ufe0f\u200d\U0001f525",  # with a variation selector
    "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468",  # with two joiners
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


@pytest.mark.parametrize(
    "text",
    [
        "a\u200cb",
        "\u200ca",
        "\u0430\u200d\u0431",
        "\u0627\u200c",
        "\u0627\u200c\u200c\u0628",
        "\u0627\u200cb",
        "\u05d0\u200c\u05d1",
        "\U0001f469\u200d",
        "\U0001f469\u200ca",
        "\U0001f469\u200c\U0001f4bb",
        "\u200d\U0001f4bb",
        "1\u200d2",
    ],
)
def test_joiners_that_join_nothing_are_refused(text):
    with pytest.raises(ValidationError):
        validate_plain_text(text)
    with pytest.raises(ValidationError):
        validate_plain_multiline_text(text)


def test_joiners_stay_where_other_invisible_characters_are_removed():
    assert without(UNSAFE_IN_A_LINE, "a\u200b \u0645\u06cc\u200c\u062e \u200d") == "a \u0645\u06cc\u200c\u062e "


@pytest.mark.parametrize("around", [" ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", "\r\n", "\u2028"])
def test_space_around_a_name_is_removed(around):
    assert trimmed(f"{around}{around}St. Mary's{around}") == "St. Mary's"
    assert PlainTextField().run_validation(f"{around}St. Mary's{around}") == "St. Mary's"
    form = NameForm({"first_name": f"{around}Ann Lee{around}"})
    assert form.is_valid()
    assert form.cleaned_data["first_name"] == "Ann Lee"


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
