"""The patterns in the OpenAPI documents allow every text that the server accepts, and refuse what they can describe."""

import re

import pytest
from django.core.exceptions import ValidationError as InvalidText
from rest_framework.exceptions import ValidationError

from core.api import text_patterns
from core.api.serializers import AddressSerializerField, PlainMultilineTextField, PlainTextField
from orgs.api.fields import WebAddressSerializerField

FIELDS = {
    text_patterns.VISIBLE_LINE: PlainTextField(),
    text_patterns.VISIBLE_LINE_OR_BLANK: PlainTextField(allow_blank=True),
    text_patterns.VISIBLE_LINES: PlainMultilineTextField(allow_blank=True),
    text_patterns.EMAIL_ADDRESS: AddressSerializerField(),
    text_patterns.URL_OR_BLANK: WebAddressSerializerField(),
}
TEXTS = [
    *("", " ", "Ann", "  Ann\tLee \n", "\x85Ann\x85", "\u200b\ufeffAnn\u2060", "\u2028Ann", "\u00a0Ann\u3000"),
    *(
        "a\nb",
        "a\r\nb\tc",
        "a\rb",
        "a\x00",
        "a\x1fb",
        "a\x7f",
        "a\x80b",
        "a  b",
        "\u0645\u06cc\u200c\u062e",
        "\U0001f469\u200d\U0001f4bb \U0001d49c",
    ),
    *("ann@example.com", "\tr&d@b\xfccher.example\u200b", "Ann Lee <ann@example.com>", "\u2060<ann@example.com\xa0>\n"),
    *("ann@example.com\x07", "a\x07nn@example.com", "@example.com", "ann@", "ann", "ann@a b.example", "a@b@c.example"),
    *(f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 57}.com", f"{'a' * 65}@example.com", "info@xn--e1afmkfd.xn--p1ai"),
    *("\ufeff\nAnn", "Ann\r\u200b", "\u2060\tAnn\x85\ufeff \n", "\ufeff\n"),
    *("https://\u3000example.com", "https://example\u2003.com/"),
    *("https://example.com/a?b#c", "HTTP://[::1]:8000", "https://b\xfccher.example/\xfc", "https://example.com/a b"),
    *("ftp://example.com", "https://", "https://user:pw@example.com/\x01", "//example.com"),
]
INVISIBLE = re.compile("[\u200b\u2028\u2060\ufeff]")  # the server refuses them; the patterns do not mention them


def is_accepted(field, text):
    try:
        field.run_validation(text)
    except (ValidationError, InvalidText):
        return False
    return True


@pytest.mark.parametrize("pattern", FIELDS)
def test_what_the_server_accepts_matches(pattern):
    accepted = [text for text in TEXTS if is_accepted(FIELDS[pattern], text)]
    assert accepted
    assert [text for text in accepted if not re.search(pattern, text)] == []


@pytest.mark.parametrize("pattern", FIELDS)
def test_what_the_server_refuses_does_not_match(pattern):
    refused = [text for text in TEXTS if not INVISIBLE.search(text) and not is_accepted(FIELDS[pattern], text)]
    assert refused
    assert [text for text in refused if re.search(pattern, text)] == []
