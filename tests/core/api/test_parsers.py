"""Test the strict parsers: ambiguous bodies are rejected quickly, and the error names the field."""

import contextlib
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.test import APIClient

from core.api.parsers import MAX_DEPTH, MalformedBody, StrictJSONParser, parse_document
from tests.support.request_ids import json_without_request_id

pytestmark = pytest.mark.urls("tests.core.api.urls")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def nested(levels, innermost=b"{}"):
    return b'{"a": ' * (levels - 1) + innermost + b"}" * (levels - 1)


def refusal_of(content):
    with pytest.raises(MalformedBody) as refused:
        parse_document(content)
    return refused.value


@given(st.dictionaries(texts, values))
def test_every_plain_object_is_read_as_it_was_written(document):
    assert parse_document(json.dumps(document).encode()) == document
    assert parse_document(json.dumps(document, ensure_ascii=False).encode()) == document


@given(
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | values.map(lambda value: json.dumps(value).encode())
)
def test_whatever_is_sent_is_an_object_or_refused(content):
    with contextlib.suppress(MalformedBody):
        assert isinstance(parse_document(content), dict)


@pytest.mark.parametrize(
    ("content", "message", "fields"),
    [
        (b"", "Malformed JSON: Expecting value, line 1, column 1.", {}),
        (b'{"a": 1', "Malformed JSON: Expecting ',' delimiter, line 1, column 8.", {}),
        (b'{"a": 1}]', "Malformed JSON: Extra data, line 1, column 9.", {}),
        (b'{"a": "\xff"}', "The body must be valid UTF-8.", {}),
        (b'\xef\xbb\xbf{"a": 1}', "Malformed JSON: Expecting value, line 1, column 1.", {}),
        ('{"a": 1}'.encode("utf-16"), "The body must be valid UTF-8.", {}),
        (b"[1, 2]", "The body must be a JSON object.", {}),
        (b"null", "The body must be a JSON object.", {}),
        (b'"text"', "The body must be a JSON object.", {}),
        (b'{"a": NaN}', "NaN is not a JSON value.", {}),
        (b'{"a": -Infinity}', "-Infinity is not a JSON value.", {}),
        (b'{"a": 1e999}', "A number is too large.", {}),
        (b'{"a": -1e999}', "A number is too large.", {}),
        (b'{"a": 1' + b"0" * 5000 + b"}", "A number is too long.", {}),
        (b'{"a": 1, "b": 2, "a": 3}', "The body is not valid.", {"a": ["This name occurs more than once."]}),
        (b'{"x": {"a": 1, "a": 1}}', "The body is not valid.", {"a": ["This name occurs more than once."]}),
        (b'{"name": "a\\u0000b"}', "The body is not valid.", {"name": ["The character U+0000 is not allowed."]}),
        (b'{"o": [{"n": "\\ud800"}]}', "The body is not valid.", {"o.0.n": ["The character U+D800 is not allowed."]}),
        (b'{"\\udfff": 1}', "The character U+DFFF is not allowed.", {}),
        (
            nested(32, b'{"a": "\\u0000"}'),
            "The body is not valid.",
            {".".join("a" * 32): ["The character U+0000 is not allowed."]},
        ),
        (b'{"a": {"\\u0000": 1}}', "The body is not valid.", {"a": ["The character U+0000 is not allowed."]}),
    ],
)
def test_a_refusal_says_what_is_wrong(content, message, fields):
    refused = refusal_of(content)
    assert (refused.message, refused.fields) == (message, fields)


def test_a_pair_of_surrogates_is_one_character():
    assert parse_document(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_nesting_has_a_limit():
    assert parse_document(nested(MAX_DEPTH)) is not None
    assert parse_document(nested(MAX_DEPTH, b'{"a": "text"}')) is not None
    assert refusal_of(nested(MAX_DEPTH + 1)).message == "The body is nested deeper than 32 levels."


@pytest.mark.parametrize("content", [nested(100_000), b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"[" * 500_000])
def test_absurd_nesting_is_refused_at_once(content):
    started = time.thread_time()
    assert refusal_of(content).code == "malformed_body"
    assert time.thread_time() - started < 1


def test_many_names_with_one_duplicate_are_refused_at_once():
    pairs = ",".join(f'"{number}":1' for number in [*range(100_000), 99_999])
    started = time.thread_time()
    assert refusal_of(f"{{{pairs}}}".encode()).fields == {"99999": ["This name occurs more than once."]}
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_may_be_named(charset):
    assert StrictJSONParser().parse(io.BytesIO(b"{}"), f"application/json; charset={charset}") == {}


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "utf-7", "nonsense", ""])
def test_no_other_charset_is_read(charset):
    with pytest.raises(UnsupportedMediaType):
        StrictJSONParser().parse(io.BytesIO(b"{}"), f"application/json; charset={charset}")


def post(api, content, content_type="application/json"):
    return api.generic("POST", "/api/v0/notes", content, content_type=content_type)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_body"),
        (b"[]", "application/json", 400, "malformed_body"),
        (b'{"title": "\\u0000"}', "application/json", 400, "malformed_body"),
        (b"{}", "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "application/xml", 415, "unsupported_media_type"),
    ],
)
def test_a_request_with_such_a_body_gets_the_house_error(api, content, content_type, status, code):
    response = post(api, content, content_type)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_body_above_the_limit_is_too_large(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert post(api, b'{"title": "' + b"a" * 60 + b'"}').status_code == 201
    response = post(api, b'{"title": "' + b"a" * 200 + b'"}')
    assert response.status_code == 413
    assert json_without_request_id(response) == {
        "success": False,
        "message": "The body is too large.",
        "error": {"code": "too_large", "message": "The body is too large."},
    }


@given(st.binary(max_size=200) | st.dictionaries(texts, values, max_size=5).map(lambda body: json.dumps(body).encode()))
def test_no_body_makes_a_request_crash(content):
    assert post(APIClient(), content).status_code in (201, 400, 415)
