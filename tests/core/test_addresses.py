"""Test the normalization of email addresses."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.addresses import MAX_LENGTH, normalize_address

# The pattern for email addresses in Applivery's API document.
DOCUMENTED = re.compile(
    r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$", re.ASCII
)
local_parts = st.from_regex(r"[A-Za-z0-9_'+-]{1,20}(\.[A-Za-z0-9_+-]{1,20}){0,2}", fullmatch=True)
domains = st.from_regex(r"([A-Za-z0-9]{1,10}\.){1,3}[A-Za-z]{2,6}", fullmatch=True)


def normalized(text: str) -> str | None:
    try:
        return normalize_address(text)
    except ValidationError:
        return None


@given(local_parts, domains)
def test_ascii_addresses_are_put_into_lower_case_and_nothing_else(local: str, domain: str):
    assume(not local.endswith("'"))
    assert normalized(f" {local}@{domain} ") == f"{local}@{domain}".lower()


@given(st.text(max_size=60) | st.emails() | st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=20)))
@example("a@\u212aelvin.example")
@example("ſ@example.com")
def test_whatever_is_accepted_is_stable_ascii_and_speakable_by_every_document(text: str):
    address = normalized(text)
    if address is not None:
        assert normalized(address) == address
        assert DOCUMENTED.fullmatch(address)
        assert address == address.lower()
        assert address.isascii()
        assert len(address) <= MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Owner@Example.COM", "owner@example.com"),
        ("first.last+tag@example.com", "first.last+tag@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("-@example.com", "-@example.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_what_becomes_of_an_address(text: str, address: str):
    assert normalized(text) == address


def test_plus_tags_and_dots_stay_distinct():
    texts = ["a.b@example.com", "ab@example.com", "a.b+c@example.com", "a.b+@example.com"]
    assert [normalized(text) for text in texts] == texts


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "@example.com",
        "a@",
        "a@example",
        "a@.example.com",
        "a@example..com",
        "a@-example.com",
        "a@example.c",
        "a@example.c0m",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a b@example.com",
        "a@exa mple.com",
        '"a b"@example.com',
        "a@b@example.com",
        "a@[127.0.0.1]",
        "a\n@example.com",
        "a@example.com\n",
        "a@example.com\x00",
        "\ta@example.com",
        "a\u200b@example.com",
        "ſam@example.com",
        "ık@example.com",
        "\u212aelvin@example.com",
        "İ@example.com",
        "ü@example.com",
        "a@\u212aelvin.example",
        "a@ſam.example",
        "a@İstanbul.example",
        "a@\uff45xample.com",
        "a@exa\u00admple.com",
        "a@\ud800.example",
        "a@" + "x" * 64 + ".ü.example",
        "a" * 65 + "@example.com",
        "a@" + ("x" * 60 + ".") * 5 + "example",
        "a@example.com, b@example.com",
        "Owner <owner@example.com>",
        "mailto:a@example.com",
    ],
)
def test_what_is_no_address(text: str):
    assert normalized(text) is None


def test_the_refusal_says_what_to_do():
    with pytest.raises(ValidationError) as refusal:
        normalize_address("owner")
    assert (refusal.value.message, refusal.value.code) == ("Enter a valid email address.", "invalid_address")


def test_a_very_long_text_is_refused_at_once():
    assert normalized("a." * 500_000 + "@" + "b." * 500_000 + "c") is None
