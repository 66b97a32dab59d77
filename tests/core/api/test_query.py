"""Test query parameters: declared parameters are validated. Other parameters are rejected, and the error names them."""

import re
import uuid
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.api.parameters import BooleanParameter, IntegerParameter, TextParameter, read_fields
from tests.support.request_ids import json_without_request_id

pytestmark = pytest.mark.urls("tests.core.api.urls")

DEFAULTS = {"flag": None, "count": None, "id": None, "needed": "x", "X-Shelf-Id": None}
AN_ID = "0192f0c1-2222-7abc-8def-000000000001"


def echo(query):
    return APIClient().get(f"/api/v0/echo?{query}")


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ("", {}),
        ("flag=true", {"flag": True}),
        ("flag=FALSE", {"flag": False}),
        ("count=9", {"count": 9}),
        (f"id={AN_ID}", {"id": AN_ID}),
        ("needed=a%2Bb+c", {"needed": "a+b c"}),
        ("needed=%C3%A4", {"needed": "ä"}),
    ],
)
def test_declared_parameters_are_read_and_absent_ones_have_their_default(query, meaning):
    needed = "" if "needed=" in query else "&needed=x"
    response = echo(query + needed)
    assert response.status_code == 200
    assert response.json()["data"] == DEFAULTS | meaning


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {"needed": ["This parameter is required."]}),
        ("needed=", {"needed": ["Between 1 and 8 characters are expected."]}),
        ("needed=123456789", {"needed": ["Between 1 and 8 characters are expected."]}),
        ("needed=x&needed=x", {"needed": ["This parameter must not be repeated."]}),
        ("needed=x&nonsense=1", {"nonsense": ["This parameter is unknown."]}),
        ("needed=x&is_admin=1", {"is_admin": ["This parameter is unknown."]}),
        ("needed=x&Flag=true", {"Flag": ["This parameter is unknown."]}),
        ("needed=x&" + "a" * 300 + "=1", {"a" * 100: ["This parameter is unknown."]}),
        ("needed=x&flag=yes", {"flag": ["true or false is expected."]}),
        ("needed=x&count=0", {"count": ["A whole number from 1 to 9 is expected."]}),
        ("needed=x&id=1", {"id": ["A UUID is expected."]}),
        ("needed=x&id=" + AN_ID.replace("-", ""), {"id": ["A UUID is expected."]}),
        (
            "flag=&count=10",
            {
                "flag": ["true or false is expected."],
                "count": ["A whole number from 1 to 9 is expected."],
                "needed": ["This parameter is required."],
            },
        ),
    ],
)
def test_every_fault_is_named(query, fields):
    response = echo(query)
    assert response.status_code == 400
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Some query parameters are not valid.",
        "error": {"code": "invalid_query", "message": "Some query parameters are not valid.", "fields": fields},
    }


def test_a_declared_header_is_read_as_strictly():
    client = APIClient()
    assert client.get("/api/v0/echo?needed=x", headers={"x-shelf-id": AN_ID}).json()["data"]["X-Shelf-Id"] == AN_ID
    response = client.get("/api/v0/echo?needed=x", headers={"X-Shelf-Id": "left"})
    assert response.status_code == 400
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Some headers are not valid.",
        "error": {
            "code": "invalid_header",
            "message": "Some headers are not valid.",
            "fields": {"X-Shelf-Id": ["A UUID is expected."]},
        },
    }


@pytest.mark.parametrize("query", ["needed=%FF", "needed=%ED%A0%80", "%C3=1"])
def test_what_is_not_utf_8_is_refused(query):
    response = echo(query)
    assert response.status_code == 400
    assert response.json()["message"] == "The query is not valid UTF-8, or it is too long."


def test_raw_bytes_that_are_not_utf_8_are_refused():
    response = APIClient().get("/api/v0/echo", QUERY_STRING="needed=\xff")
    assert response.status_code == 400
    assert response.json()["message"] == "The query is not valid UTF-8, or it is too long."


@pytest.mark.parametrize("query", ["needed=%00", "%00=1", "needed=a%00b"])
def test_nul_is_refused(query):
    response = echo(query)
    assert response.status_code == 400
    assert response.json()["message"] == "The query must not contain NUL characters."


def test_a_flood_of_parameters_is_refused():
    response = echo("&".join(f"p{number}=1" for number in range(5000)))
    assert response.status_code == 400


@given(st.lists(st.tuples(st.sampled_from([*DEFAULTS, "other"]), st.text(max_size=20)), max_size=4))
@example([("count", "\u0661")])
@example([("count", "9" * 5000)])
@example([("id", "{" + AN_ID + "}")])
def test_no_text_makes_a_request_crash(pairs):
    response = echo(urlencode(pairs, errors="surrogatepass"))
    assert response.status_code in (200, 400)


@given(st.binary(max_size=60))
def test_no_bytes_make_a_request_crash(content):
    assert echo(quote(content, safe="=&;+%")).status_code in (200, 400)


def read(field, text):
    """Return the parsed value, or the list of error messages."""
    values, faults = read_fields({"one": text}, {"one": field})
    return values.get("one", faults.get("one"))


@pytest.mark.parametrize("text", ["", "01", "+1", "1.0", "1e1", " 1", "1\n", "-1", "0x1", "1_0", "²", "٣", "9" * 400])
def test_numbers_are_plain_digits_within_their_bounds(text):
    assert read(IntegerParameter(max_value=1000), text) == ["A whole number from 0 to 1000 is expected."]


@given(st.integers(-1000, 1000))
def test_every_number_within_the_bounds_is_read(number):
    assert read(IntegerParameter(min_value=-1000, max_value=1000), str(number)) == number


def test_a_dialect_may_accept_more_words_for_a_boolean():
    accept = BooleanParameter(true=("true", "1", "on"), false=("false", "0", "off"))
    assert [read(accept, text) for text in ("ON", "1", "Off", "false")] == [True, True, False, False]
    assert read(accept, "yes") == ["true or false is expected."]


def test_a_pattern_must_match_the_whole_text():
    email = TextParameter(pattern=re.compile(r"\w+@\w+", re.ASCII))
    assert read(email, "owner@example") == "owner@example"
    for text in ("owner@example\n", "x owner@example", "öwner@example"):
        assert read(email, text) == ["This does not have the expected form."]


def test_of_a_text_that_is_too_long_only_that_is_said():
    text = TextParameter(max_length=3, pattern=re.compile("[a-z]+", re.ASCII))
    assert read(text, "1234") == ["Between 1 and 3 characters are expected."]


def test_a_uuid_is_read_in_either_case():
    assert echo(f"needed=x&id={AN_ID.upper()}").json()["data"]["id"] == str(uuid.UUID(AN_ID))
