"""Query parameters: the declared ones are read, everything else is refused by name."""

import re
import uuid
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.api.query import Boolean, Integer, Sort, Sorting, Text, Unreadable

pytestmark = pytest.mark.urls("tests.core.api.urls")

DEFAULTS = {"flag": None, "color": "red", "colors": None, "count": None, "id": None, "needed": "x", "X-Shelf-Id": None}
AN_ID = "0192f0c1-2222-7abc-8def-000000000001"


def echo(query):
    return APIClient().get(f"/api/v0/echo?{query}")


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ("", {}),
        ("flag=true", {"flag": True}),
        ("flag=FALSE", {"flag": False}),
        ("color=green", {"color": "green"}),
        ("colors=green,red", {"colors": ["green", "red"]}),
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
        ("needed=x&needed=x", {"needed": ["This parameter may be given once only."]}),
        ("needed=x&nonsense=1", {"nonsense": ["This parameter is unknown."]}),
        ("needed=x&is_admin=1", {"is_admin": ["This parameter is unknown."]}),
        ("needed=x&Flag=true", {"Flag": ["This parameter is unknown."]}),
        ("needed=x&" + "a" * 300 + "=1", {"a" * 100: ["This parameter is unknown."]}),
        ("needed=x&flag=yes", {"flag": ["true or false is expected."]}),
        ("needed=x&color=blue", {"color": ["One of these is expected: red, green."]}),
        ("needed=x&colors=red,red", {"colors": ["Some of these are expected, separated by commas: red, green."]}),
        ("needed=x&colors=", {"colors": ["Some of these are expected, separated by commas: red, green."]}),
        ("needed=x&count=0", {"count": ["A whole number from 1 to 9 is expected."]}),
        ("needed=x&id=1", {"id": ["A UUID is expected."]}),
        ("needed=x&id=" + AN_ID.replace("-", ""), {"id": ["A UUID is expected."]}),
        (
            "color=blue&count=10",
            {
                "color": ["One of these is expected: red, green."],
                "count": ["A whole number from 1 to 9 is expected."],
                "needed": ["This parameter is required."],
            },
        ),
    ],
)
def test_every_fault_is_named(query, fields):
    response = echo(query)
    assert response.status_code == 400
    assert response.json() == {
        "success": False,
        "message": "Some query parameters are not valid.",
        "error": {"code": "invalid_query", "message": "Some query parameters are not valid.", "fields": fields},
    }


def test_a_declared_header_is_read_as_strictly():
    client = APIClient()
    assert client.get("/api/v0/echo?needed=x", headers={"x-shelf-id": AN_ID}).json()["data"]["X-Shelf-Id"] == AN_ID
    response = client.get("/api/v0/echo?needed=x", headers={"X-Shelf-Id": "left"})
    assert response.status_code == 400
    assert response.json() == {
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
    assert response.json()["message"] == "The query contains NUL."


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


@pytest.mark.parametrize("text", ["", "01", "+1", "1.0", "1e1", " 1", "1\n", "-1", "0x1", "1_0", "²", "٣", "9" * 400])
def test_numbers_are_plain_digits_within_their_bounds(text):
    with pytest.raises(Unreadable):
        Integer(maximum=1000).read(text)


@given(st.integers(-1000, 1000))
def test_every_number_within_the_bounds_is_read(number):
    assert Integer(minimum=-1000, maximum=1000).read(str(number)) == number


def test_a_dialect_may_read_more_spellings_of_a_boolean():
    accept = Boolean(true=("true", "1", "on"), false=("false", "0", "off"))
    assert [accept.read(text) for text in ("ON", "1", "Off", "false")] == [True, True, False, False]
    with pytest.raises(Unreadable):
        accept.read("yes")


def test_a_pattern_must_match_the_whole_text():
    email = Text(pattern=re.compile(r"\w+@\w+", re.ASCII))
    assert email.read("owner@example") == "owner@example"
    for text in ("owner@example\n", "x owner@example", "öwner@example"):
        with pytest.raises(Unreadable):
            email.read(text)


def test_an_order_names_columns_and_breaks_ties_by_id():
    sort = Sort({"createdAt": "created_at", "name": "name"}, default="createdAt:desc")
    assert sort.default == Sorting("createdAt:desc", "created_at", descending=True)
    assert sort.default.columns == ("-created_at", "-id")
    assert sort.read("name:asc").columns == ("name", "id")
    for text in ("name", "created_at:asc", "name:up", "-name", "password:asc", "name:asc:asc"):
        with pytest.raises(Unreadable):
            sort.read(text)


def test_a_bare_name_can_mean_ascending():
    sort = Sort({"createdAt": "created_at"}, default="createdAt", bare=True)
    assert sort.read("createdAt").columns == ("created_at", "id")


def test_a_uuid_is_read_in_either_case():
    assert echo(f"needed=x&id={AN_ID.upper()}").json()["data"]["id"] == str(uuid.UUID(AN_ID))


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        (Integer(minimum=1, maximum=5), {"type": "integer", "minimum": 1, "maximum": 5}),
        (Boolean(), {"type": "boolean"}),
        (Text(max_length=9), {"type": "string", "minLength": 1, "maxLength": 9}),
        (
            Text(max_length=9, pattern=re.compile("[a-z]+", re.ASCII)),
            {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^(?:[a-z]+)$"},
        ),
        (Sort({"a": "a"}, default="a:asc"), {"type": "string", "enum": ["a:asc", "a:desc"]}),
    ],
)
def test_a_parameter_describes_itself(parameter, schema):
    assert parameter.schema() == schema
