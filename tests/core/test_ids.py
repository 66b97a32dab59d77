"""Test the four representations of an id: each can be converted back, and invalid values are rejected."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import (
    parse_decimal,
    parse_oid,
    parse_ulid,
    parse_uuid,
    to_decimal,
    to_oid,
    to_ulid,
    uuid7,
)

ids = st.uuids(allow_nil=True)
LOWEST, HIGHEST = UUID(int=0), UUID(int=2**128 - 1)


@given(ids)
def test_every_lossless_representation_is_parsed_to_the_same_id(key: UUID):
    assert parse_uuid(str(key)) == key
    assert parse_ulid(to_ulid(key)) == key
    assert parse_decimal(to_decimal(key)) == key


@given(ids)
def test_letters_may_be_written_in_either_case(key: UUID):
    assert parse_uuid(str(key).upper()) == key
    assert parse_ulid(to_ulid(key).lower()) == key
    assert parse_oid(to_oid(key).upper()) == parse_oid(to_oid(key))


@given(ids)
def test_24_hex_digits_stand_for_exactly_the_ids_that_begin_with_them(key: UUID):
    found = parse_oid(to_oid(key))
    assert found is not None
    low, high = found
    assert low <= key <= high
    assert to_oid(low) == to_oid(high) == to_oid(key)
    assert high.int - low.int == 2**32 - 1
    for outside in (low.int - 1, high.int + 1):
        if 0 <= outside < 2**128:
            assert to_oid(UUID(int=outside)) != to_oid(key)


@given(ids, ids)
def test_representations_sort_like_ids(one: UUID, other: UUID):
    assert (one < other) == (to_ulid(one) < to_ulid(other))
    assert (one < other) == (int(to_decimal(one)) < int(to_decimal(other)))


@given(st.text(max_size=45))
def test_any_text_is_read_as_it_would_be_written_or_not_at_all(text: str):
    uuid, ulid, oid, decimal = parse_uuid(text), parse_ulid(text), parse_oid(text), parse_decimal(text)
    assert uuid is None or str(uuid) == text.lower()
    assert ulid is None or to_ulid(ulid) == text.upper()
    assert oid is None or to_oid(oid[0]) == text.lower()
    assert decimal is None or to_decimal(decimal) == text


def test_the_ends_of_the_range():
    assert [to_ulid(LOWEST), to_ulid(HIGHEST)] == ["0" * 26, "7" + "Z" * 25]
    assert [to_decimal(LOWEST), to_decimal(HIGHEST)] == ["0", "340282366920938463463374607431768211455"]
    assert [to_oid(LOWEST), to_oid(HIGHEST)] == ["0" * 24, "f" * 24]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_uuid, ""),
        (parse_uuid, "0198c0de00007000800000000000000a"),
        (parse_uuid, "{0198c0de-0000-7000-8000-00000000000a}"),
        (parse_uuid, "urn:uuid:0198c0de-0000-7000-8000-00000000000a"),
        (parse_uuid, "0198c0de-0000-7000-8000-00000000000a\n"),
        (parse_uuid, "0198c0de-0000-7000-8000-00000000000\u0661"),
        (parse_ulid, "8" + "0" * 25),
        (parse_ulid, "0" * 25),
        (parse_ulid, "0" * 27),
        (parse_ulid, "0" * 25 + "I"),
        (parse_ulid, "0" * 25 + "u"),
        (parse_ulid, "0" * 25 + "\n"),
        (parse_oid, "f" * 23),
        (parse_oid, "f" * 25),
        (parse_oid, "g" * 24),
        (parse_oid, "f" * 24 + "\n"),
        (parse_decimal, ""),
        (parse_decimal, "-1"),
        (parse_decimal, "+1"),
        (parse_decimal, "01"),
        (parse_decimal, "1_0"),
        (parse_decimal, "1.0"),
        (parse_decimal, "\u0661"),
        (parse_decimal, str(2**128)),
        (parse_decimal, "9" * 39),
        (parse_decimal, "9" * 5000),
    ],
)
def test_what_is_no_id(parse, text: str):
    assert parse(text) is None


def test_a_new_id_is_a_version_7_and_names_its_millisecond():
    before = time.time_ns() // 1_000_000
    key = uuid7()
    after = time.time_ns() // 1_000_000
    assert (key.version, key.variant) == (7, "specified in RFC 4122")
    assert before <= key.int >> 80 <= after


def test_no_id_is_made_twice_and_later_ones_sort_later():
    made = [uuid7() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert [key.int >> 64 for key in made] == sorted(key.int >> 64 for key in made)
