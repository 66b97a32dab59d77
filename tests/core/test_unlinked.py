"""Test that email clients find no links in names."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.emails import one_line, visible_lines
from core.unlinked import unlinked

# A rough copy of what email clients link: a URL, a domain, an address, an IP address, a network path, a phone number.
LINKED = re.compile(
    r"[^\W\d_]:\S|://|\w@\w|[^\W\d_]\.[^\W\d_]{2}|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d|\\\\\S|\+?\d(?:[\s().\-/]{0,3}\d){6,}|www\.\S",
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("http://evil.example", "http: //evil. example"),
        ("HTTPS://evil.example/x", "HTTPS: //evil. example/x"),
        ("//evil.example", "//evil. example"),
        ("www.evil.example", "www. evil. example"),
        ("evil.example/verify", "evil. example/verify"),
        ("Verify (evil.example)", "Verify (evil. example)"),
        ("t.co/x", "t. co/x"),
        ("a.b/x", "a. b/x"),
        ("evil.xn--p1ai", "evil. xn--p1ai"),
        ("evil.рф", "evil. рф"),
        ("evil。example", "evil。 example"),
        ("evil\uff0eexample", "evil\uff0e example"),
        ("evil\u2024example", "evil\u2024 example"),
        ("evil\ufe52example", "evil\ufe52 example"),
        ("evil\u200b.\u200bexample", "evil. example"),
        ("evil.\ufe0f\ufe0fexample", "evil. \ufe0f\ufe0fexample"),
        ("evil.\U0001d173example", "evil. example"),
        ("evil.js.example", "evil.js. example"),
        ("192.0.2.1/verify", "192. 0.2.1/verify"),
        ("x@evil.example", "x@ evil. example"),
        ("x\uff20evil.example", "x\uff20 evil. example"),
        ("x\ufe6bevil.example", "x\ufe6b evil. example"),
        ("mailto:x@evil.example", "mailto: x@ evil. example"),
        ("tel:08001234567", "tel: 0800·1234·567"),
        ("Call 0800 123 4567", "Call 0800·123·4567"),
        ("+49 (30) 123-45 67", "+49·30·123·45·67"),
        ("555-1234567", "555·1234·567"),
        ("٠٨٠٠١٢٣٤٥٦٧", "٠٨٠٠·١٢٣٤·٥٦٧"),
        (r"\\evil\share", r"\ \ evil\ share"),
        ("Booking.com", "Booking. com"),
    ],
)
def test_what_email_clients_turn_into_a_link_is_taken_apart(name: str, shown: str):
    assert one_line(name) == shown
    assert visible_lines(name) == shown


@pytest.mark.parametrize(
    "name",
    [
        "St. Mary's",
        "Node.js Foundation",
        "3M",
        "A.B. Smith",
        "J.R.R. Tolkien",
        "U.S.A.",
        "Sportverein e.V.",
        "Mia & Co., Ltd.",
        "Studio 54",
        "7-Eleven",
        "Web 2.0",
        "10:30 Club",
        "Class of 2024",
        "Straße 12/14",
        "Jean-Luc O'Neil",
        "日本語。",
        "550 5.1.1 no such user",
    ],
)
def test_normal_names_stay_as_they_are(name: str):
    assert one_line(name) == name


@given(st.text(alphabet="ab.:/@\\w019 +-()js", max_size=40))
@example("www.0")
def test_nothing_that_is_linked_is_left_and_no_letter_is_lost(name: str):
    shown = unlinked(name)
    assert not LINKED.search(shown.replace(".js", ""))
    assert re.findall(r"[^\W_]", shown) == re.findall(r"[^\W_]", name)
    assert unlinked(shown) == shown


@pytest.mark.parametrize(
    "unit", ["1 ", "a.", ".", "1.", "(1", "\\", "@", ":", "1()", "1   ", "+", "a:/", ".\ufe0f", "\ufe0f"]
)
def test_any_name_takes_linear_time(unit: str):
    assert unlinked(unit * 50_000)
