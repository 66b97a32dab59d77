"""Test the normalization of email addresses."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from core.addresses import MAX_LENGTH, STORED_PATTERN, displayed_address, normalize_address

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
DOT_ATOM = re.compile(rf"{ATOM}+(\.{ATOM}+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+([a-z]{{2,}}|xn--[a-z0-9-]+)", re.ASCII)
local_parts = st.from_regex(rf"{ATOM}{{1,20}}(\.{ATOM}{{1,20}}){{0,2}}", fullmatch=True)
domains = st.from_regex(r"([A-Za-z0-9]{1,10}\.){1,3}[A-Za-z]{2,6}", fullmatch=True)


def normalized(text: str) -> str | None:
    try:
        return normalize_address(text)
    except ValidationError:
        return None


@given(local_parts, domains)
def test_ascii_addresses_are_put_into_lower_case_and_nothing_else(local: str, domain: str):
    assert normalized(f" {local}@{domain} ") == f"{local}@{domain}".lower()


@given(st.text(max_size=60) | st.emails() | st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=20)))
@example("a@\u212aelvin.example")
@example("ſ@example.com")
def test_whatever_is_accepted_is_a_stable_dot_atom_that_the_database_accepts(text: str):
    address = normalized(text)
    if address is not None:
        assert normalized(address) == address
        assert DOT_ATOM.fullmatch(address)
        assert re.search(STORED_PATTERN, address)
        assert normalized(displayed_address(address)) == address
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
        ("a@bu\u0308cher.example", "a@xn--bcher-kva.example"),
        ("info@xn--e1afmkfd.xn--p1ai", "info@xn--e1afmkfd.xn--p1ai"),
        ("info@пример.рф", "info@xn--e1afmkfd.xn--p1ai"),
        ("a@例え。jp", "a@xn--r8jz45g.jp"),
        ("a@xn--i-7iq.ws", "a@xn--i-7iq.ws"),
        ("r&d@example.com", "r&d@example.com"),
        ("first/last@example.com", "first/last@example.com"),
        ("bounce=tag@example.com", "bounce=tag@example.com"),
        ("!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"),
        ("o'@example.com", "o'@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("\ta@example.com\r\n", "a@example.com"),
        ("\u00a0a@example.com\u3000", "a@example.com"),
        ("\u200b\ufeffa@example.com\u2060", "a@example.com"),
        ("Ann Lee <Ann@Example.com>", "ann@example.com"),
        ('"Lee, Ann" <ann@example.com>', "ann@example.com"),
        ("<ann@example.com>", "ann@example.com"),
        ("ann@example.com <ann@example.com>", "ann@example.com"),
        ("Ann Lee\u00a0< ann@bücher.example >", "ann@xn--bcher-kva.example"),
    ],
)
def test_what_becomes_of_an_address(text: str, address: str):
    assert normalized(text) == address


def test_plus_tags_and_dots_stay_distinct():
    texts = ["a.b@example.com", "ab@example.com", "a.b+c@example.com", "a.b+@example.com"]
    assert [normalized(text) for text in texts] == texts


WHOLE = "Enter a valid email address."
ONE = "Enter only one email address."
DOMAIN = "After the @, enter a full domain name such as example.com."
SPACES = "An email address must not contain spaces."
LONG = "This email address is too long."
DOTS = "Before the @, a dot must have other characters on both sides."


def before(character: str) -> str:
    return f"The character {character} is not allowed before the @."


def after(character: str) -> str:
    return f"The character {character} is not allowed after the @."


def letter(character: str) -> str:
    return f"Email addresses with letters such as {character} before the @ are not supported."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", WHOLE),
        (" ", WHOLE),
        ("a", WHOLE),
        ("@example.com", WHOLE),
        ("a@", WHOLE),
        ("a@example", DOMAIN),
        ("a@.example.com", DOMAIN),
        ("a@example..com", DOMAIN),
        ("a@-example.com", DOMAIN),
        ("a@example-.com", DOMAIN),
        ("a@ü-.example", DOMAIN),
        ("a@example.c", DOMAIN),
        ("a@example.c0m", DOMAIN),
        ("a@192.0.2.1", DOMAIN),
        ("a@" + "x" * 64 + ".example", DOMAIN),
        ("a@" + "x" * 64 + ".ü.example", DOMAIN),
        (".a@example.com", DOTS),
        ("a.@example.com", DOTS),
        ("a..b@example.com", DOTS),
        ("a b@example.com", SPACES),
        ("a@exa mple.com", SPACES),
        ("a\n@example.com", SPACES),
        ('"a.b"@example.com', before('“"”')),
        ("mailto:a@example.com", before("“:”")),
        ("a\u200b@example.com", before("U+200B")),
        ("a\x00@example.com", before("U+0000")),
        ("ü@example.com", letter("“ü” (U+00FC)")),
        ("Aü@example.com", letter("“ü” (U+00FC)")),
        ("ſam@example.com", letter("“ſ” (U+017F)")),
        ("ık@example.com", letter("“ı” (U+0131)")),
        ("\u212aelvin@example.com", letter("“\u212a” (U+212A)")),
        ("İ@example.com", letter("“İ” (U+0130)")),
        ("\u0430nn@example.com", letter("“\u0430” (U+0430)")),
        ("a@[127.0.0.1]", after("“[”")),
        ("a@exa_mple.com", after("“_”")),
        ("a@example.com\x00", after("U+0000")),
        ("a@\u212aelvin.example", after("“\u212a” (U+212A)")),
        ("a@ſam.example", after("“ſ” (U+017F)")),
        ("a@İstanbul.example", after("“İ” (U+0130)")),
        ("a@\uff45xample.com", after("“\uff45” (U+FF45)")),
        ("a@exa\u00admple.com", after("U+00AD")),
        ("a@ex\u200dample.com", after("U+200D")),
        ("a@\ud800.example", after("U+D800")),
        ("a@i❤.ws", after("“❤” (U+2764)")),
        ("a" * 65 + "@example.com", "The part before the @ is too long."),
        ("a@" + ("x" * 60 + ".") * 5 + "example", LONG),
        ("a@b@example.com", ONE),
        ("a@example.com, b@example.com", ONE),
        ("a@example.com;b@example.com", ONE),
        ("Ann <a@example.com> <b@example.com>", ONE),
        ("bank@example.com <a@example.net>", ONE),
        ("erased-1@erased.invalid", "This email address is reserved. It belongs to nobody."),
    ],
)
def test_the_refusal_says_which_character_or_part_is_wrong(text: str, message: str):
    with pytest.raises(ValidationError) as refusal:
        normalize_address(text)
    assert (refusal.value.messages, refusal.value.code) == ([message], "invalid_address")


@pytest.mark.parametrize("unit", ["a.", "a@", "<", "<a@b.example>", " ", "\u200b", "ü.", "-", "xn--", "\u0308"])
def test_a_very_long_text_is_refused_at_once(unit: str):
    assert normalized(unit * 500_000 + "@" + unit * 500_000) is None
    assert normalized((unit * 500)[:900] + "@example.com") in (None, "-" * 64 + "@example.com")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("a@xn--bcher-kva.example", "a@bücher.example"),
        ("a@xn--strae-oqa.example", "a@straße.example"),
        ("info@xn--e1afmkfd.xn--p1ai", "info@пример.рф"),
        ("a@xn--d1acpjx3f.xn--p1ai", "a@яндекс.рф"),
        ("a@xn--r8jz45g.jp", "a@例え.jp"),
        ("a@mail.xn--80ak6aa92e.xn--p1ai", "a@mail.\u0430\u0440\u0440\u04cf\u0435.\u0440\u0444"),
        ("a@example.com", "a@example.com"),
        ("Ann Lee", "Ann Lee"),
        ("", ""),
    ],
)
def test_people_read_domains_in_unicode(address: str, shown: str):
    assert displayed_address(address) == shown


@pytest.mark.parametrize(
    "domain",
    [
        "\u0430\u0440\u0440\u04cf\u0435.com",  # Cyrillic letters that look like apple
        "\u0440\u0430\u0443\u0440\u0430l.com",  # Cyrillic and Latin letters
        "\u03bf\u03bf\u03bf.com",  # Greek letters that look like o
        "g\u043e\u043egle.\u0440\u0444",  # mixed in a Cyrillic top-level domain
        "ıstanbul.com",  # a Latin letter that looks like an ASCII letter
        "\u0261oogle.com",
        "example\u30cex.com",  # a Japanese letter that looks like a slash
    ],
)
def test_a_domain_that_looks_like_another_one_is_not_shown_in_unicode(domain: str):
    address = normalize_address(f"a@{domain}")
    assert displayed_address(address) == address


@pytest.mark.parametrize("domain", ["xn--zzzzzzz99.com", "xn--a.example", "xn--i-7iq.ws", "xn--.example"])
def test_what_is_no_valid_a_label_is_shown_as_it_is(domain: str):
    assert displayed_address(f"a@{domain}") == f"a@{domain}"
