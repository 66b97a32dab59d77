"""Test the base serializers: camelCase in JSON, snake_case in Python, strict input."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.api.errors import field_errors
from core.api.serializers import (
    HouseSerializer,
    NoBody,
    PlainMultilineTextField,
    PlainTextField,
    Rfc3339Field,
    SecondsField,
    StrictBooleanField,
    StrictIntegerField,
    StrictTextField,
    StrictUuidField,
    TimeField,
    format_time,
)


class Person(HouseSerializer):
    """A nested serializer."""

    id = serializers.IntegerField(source="owner_id")
    full_name = serializers.CharField(source="owner_name", allow_null=True)


class Thing(HouseSerializer):
    """A serializer with every kind of field source."""

    created_at = TimeField(allow_null=True)
    short_name = PlainTextField()
    shouted_name = serializers.SerializerMethodField()
    size_in_words = serializers.IntegerField(source="size", required=False)
    parent_title = serializers.CharField(source="parent.title", default=None)
    owner = Person(source="*")
    secret_word = serializers.CharField(write_only=True)

    def get_shouted_name(self, thing) -> str:
        return thing.short_name.upper()


class Body(HouseSerializer):
    """A request body with its own validation."""

    short_name = PlainTextField(max_length=5)
    notes_text = PlainMultilineTextField(required=False, allow_blank=True)
    seat_limit = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    starts_at = TimeField(required=False)
    read_me = serializers.CharField(read_only=True)
    inner_part = NoBody(required=False)

    def validate_short_name(self, value):
        if value == "taken":
            raise serializers.ValidationError("Taken.")
        return value


def thing(**values):
    return SimpleNamespace(
        **{
            "created_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            "short_name": "door",
            "size": lambda: 3,
            "parent": SimpleNamespace(title="house"),
            "owner_id": 7,
            "owner_name": None,
            **values,
        }
    )


DOOR = {
    "createdAt": "2026-01-02T03:04:05.678Z",
    "shortName": "door",
    "shoutedName": "DOOR",
    "sizeInWords": 3,
    "parentTitle": "house",
    "owner": {"id": 7, "fullName": None},
}


def test_an_object_is_represented_in_camel_case():
    assert Thing(thing()).data == DOOR


def test_a_mapping_is_represented_like_an_object():
    assert Person({"owner_id": 7, "owner_name": "owner"}).data == {"id": 7, "fullName": "owner"}


def test_absent_values_follow_the_fields_declaration():
    bare = thing(parent=None, created_at=None)
    del bare.size
    assert Thing(bare).data == {
        "createdAt": None,
        "shortName": "door",
        "shoutedName": "DOOR",
        "parentTitle": None,
        "owner": {"id": 7, "fullName": None},
    }


def test_a_list_is_represented_row_by_row():
    assert list(Thing([thing(), thing(short_name="gate")], many=True).data) == [
        DOOR,
        DOOR | {"shortName": "gate", "shoutedName": "GATE"},
    ]


def faults_of(data, **options):
    serializer = Body(data=data, **options)
    with pytest.raises(serializers.ValidationError) as refused:
        serializer.is_valid(raise_exception=True)
    return field_errors(refused.value)


def test_input_is_read_into_snake_case():
    body = Body(
        data={"shortName": "door", "seatLimit": None, "startsAt": "2026-01-02T03:04:05Z", "notesText": "a\r\nb"}
    )
    assert body.is_valid()
    assert body.validated_data == {
        "short_name": "door",
        "seat_limit": None,
        "starts_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "notes_text": "a\nb",
    }


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({}, {"shortName": ["This field is required."]}),
        ({"shortName": None}, {"shortName": ["This field may not be null."]}),
        ({"shortName": ""}, {"shortName": ["This field may not be blank."]}),
        ({"shortName": 12}, {"shortName": ["Not a valid string."]}),
        ({"shortName": "taken"}, {"shortName": ["Taken."]}),
        ({"shortName": "a\u202eb"}, {"shortName": ["The character U+202E at position 2 is not allowed here."]}),
        ({"short_name": "door"}, {"shortName": ["This field is required."], "short_name": ["This field is unknown."]}),
        ({"shortName": "door", "is_admin": True}, {"is_admin": ["This field is unknown."]}),
        ({"shortName": "door", "readMe": "x"}, {"readMe": ["This field is unknown."]}),
        ({"shortName": "door", "innerPart": {"some_thing": 1}}, {"innerPart.some_thing": ["This field is unknown."]}),
        ({"shortName": "door", "innerPart": 1}, {"innerPart": ["Invalid data. Expected a dictionary, but got int."]}),
        ({"shortName": "door", "seatLimit": 0}, {"seatLimit": ["Ensure this value is greater than or equal to 1."]}),
        (
            {"shortName": "door", "notesText": "a\u0007"},
            {"notesText": ["The character U+0007 at position 2 is not allowed here."]},
        ),
    ],
)
def test_every_faulty_field_is_named_as_in_the_body(data, faults):
    assert faults_of(data) == faults


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678901234+02:00", datetime(2026, 1, 2, 1, 4, 5, 678901, tzinfo=UTC)),
        ("2026-01-01T23:59:59-00:30", datetime(2026, 1, 2, 0, 29, 59, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("field", [TimeField, SecondsField])
def test_a_time_is_read_as_in_rfc_3339(field, text, moment):
    assert field().run_validation(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-W53-7",
        "2026-W01-1T03:04:05Z",
        "2026-01-02",
        "2026-002",
        "20260102T030405Z",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T03:04:05+02",
        "2026-02-30T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:05+24:00",
        "0001-01-01T00:00:00+01:00",
        "0000-01-01T00:00:00Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05Z\n",
        " 2026-01-02T03:04:05Z",
        "٢٠٢٦-01-02T03:04:05Z",
        "1767322800",
        "",
        1767322800,
        True,
        {},
    ],
)
@pytest.mark.parametrize("field", [TimeField, SecondsField])
def test_any_other_time_is_refused(field, text):
    with pytest.raises(ValidationError) as refused:
        field().run_validation(text)
    assert refused.value.detail == ["A time in RFC 3339 is expected, with its offset: 2026-01-02T03:04:05Z."]


def test_every_time_in_our_serializers_is_read_as_in_rfc_3339():
    def subclasses(cls: type) -> set[type]:
        return {cls}.union(*map(subclasses, cls.__subclasses__()))

    declared = {
        f"{serializer.__name__}.{name}": type(field)
        for serializer in subclasses(HouseSerializer)
        for name, field in serializer().get_fields().items()
        if isinstance(field, serializers.DateTimeField | serializers.DateField | serializers.TimeField)
    }
    assert {name for name, kind in declared.items() if not issubclass(kind, Rfc3339Field)} == set()


@pytest.mark.parametrize("data", [None, [], [1], "text", 1, True])
def test_only_an_object_is_a_body(data):
    serializer = Body(data=data)
    assert not serializer.is_valid()
    assert list(serializer.errors) == ["non_field_errors"]


def test_a_flood_of_unknown_fields_gets_a_short_response():
    faults = faults_of({"shortName": "door"} | {f"field {number}" * 50: 1 for number in range(1000)})
    assert len(faults) == 20
    assert max(map(len, faults)) == 100


def test_a_partial_body_may_leave_fields_out():
    body = Body(data={"seatLimit": 3}, partial=True)
    assert body.is_valid()
    assert body.validated_data == {"seat_limit": 3}


def test_text_may_be_blank_where_that_is_declared():
    assert Body(data={"shortName": "door", "notesText": ""}).is_valid()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


class Strict(HouseSerializer):
    """A serializer with one field of each strict field class."""

    text = StrictTextField(required=False)
    number = StrictIntegerField(required=False, min_value=1, max_value=9)
    truth = StrictBooleanField(required=False)
    id = StrictUuidField(required=False)


ID = "0192f0c1-2222-7abc-8def-000000000001"


WRONG: dict[str, list[Any]] = {
    "text": [1, True, ["a"], {"a": 1}],
    "number": ["1", 1.5, float("nan"), True, 0, 10, [1]],
    "truth": ["true", 1, 0, "null", []],
    "id": [1, ID.replace("-", ""), "{" + ID + "}", "urn:uuid:" + ID, [ID]],
}


@pytest.mark.parametrize(("name", "wrong"), [(name, value) for name, values in WRONG.items() for value in values])
def test_strict_fields_take_the_json_type_they_name_and_nothing_like_it(name, wrong):
    body = Strict(data={name: wrong})
    assert not body.is_valid()
    assert list(body.errors) == [name]


def test_a_number_without_a_fraction_is_an_integer_however_it_is_written():
    """JSON Schema defines 9.0 as an integer (draft 2020-12, validation, section 6.1.1)."""
    body = Strict(data={"number": 9.0})
    assert body.is_valid()
    assert repr(body.validated_data["number"]) == "9"


def test_strict_fields_read_what_they_name():
    body = Strict(data={"text": " a ", "number": 9, "truth": False, "id": ID})
    assert body.is_valid()
    assert body.validated_data == {"text": " a ", "number": 9, "truth": False, "id": uuid.UUID(ID)}


FIELDS = ["shortName", "notesText", "seatLimit", "startsAt", "readMe", "innerPart", "other"]


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_no_value_makes_a_body_crash(data):
    Body(data=data).is_valid()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), "2026-01-02T03:04:05.999Z"),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T22:00:00.000Z"),
    ],
)
def test_times_are_utc_with_milliseconds(moment, text):
    assert format_time(moment) == text
