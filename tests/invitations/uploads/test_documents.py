"""Test JSON files."""

import json
from typing import Any

import pytest

from invitations.uploads.rows import Format, LeftOut, Note, NoteCode, UploadedRow, read_text, read_upload

from .reading import reason, rows_of_json

ANN = UploadedRow(1, "ann@example.com")


def test_our_own_members():
    upload = read_upload(
        b"""[{"email": "ann@example.com", "name": "Ann Lee", "role": "owner", "unit": "kitchen", "unit_role": "editor",
              "language": "de", "message": "Hi\\nAnn", "metadata": {"cost_center": 7}}]"""
    )
    assert upload.format == Format.JSON
    assert upload.role_words == {"owner": "owner"}
    assert upload.rows == [
        UploadedRow(
            1,
            "ann@example.com",
            "Ann Lee",
            role="owner",
            unit="kitchen",
            unit_role="editor",
            language="de",
            message="Hi\nAnn",
            metadata={"cost_center": 7},
        )
    ]


@pytest.mark.parametrize(
    "document",
    [
        [{"email": "ann@example.com"}],
        {"email": "ann@example.com"},
        {"invitations": [{"email": "ann@example.com"}]},
        {"object": "list", "data": [{"email": "ann@example.com"}]},
        {"users": ["ann@example.com"]},
        ["ann@example.com"],
        [{"user": {"email": "ann@example.com"}}],
        [{"emailAddress": "ann@example.com", "name": None, "role": ""}],
    ],
)
def test_every_shape_of_a_list(document: Any):
    assert rows_of_json(document) == [ANN]


def test_one_object_on_each_line():
    content = b'{"email": "ann@example.com"}\n\n{"email": "bob@example.com"}\n'
    assert read_upload(content, filename="people.jsonl").rows == [ANN, UploadedRow(2, "bob@example.com")]


def test_texts_are_addresses_with_names():
    [row] = rows_of_json(['"Lee, Ann" <ann@example.com>'])
    assert (row.email, row.name) == ("ann@example.com", "Lee, Ann")


def test_an_empty_list_is_empty():
    assert rows_of_json([]) == []


def test_an_object_without_an_address_is_left_out():
    assert rows_of_json([{"email": None, "name": "Ann"}]) == [UploadedRow(1, "", "Ann", left_out=LeftOut.NO_ADDRESS)]


def test_members_that_are_not_carried_over_are_noted():
    [row] = rows_of_json(
        [{"email": "ann@example.com", "groups": ["a", "b"], "shoeSize": 42, "metadata": "vip", "token": "x"}]
    )
    assert row.metadata == {}
    assert row.notes == (
        Note(NoteCode.GROUPS, "a, b"),
        Note(NoteCode.OTHER, "Shoe size: 42"),
        Note(NoteCode.OTHER, "Metadata: vip"),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'[{"email": "a@example.com"},\n {"email": }]', "Malformed JSON: Expecting value, line 2, column 12."),
        (b'[{"email": "a@example.com"}', "Malformed JSON: Expecting ',' delimiter, line 1, column 28."),
        (b'[{"email": "a@example.com", "email": "b@example.com"}]', "A JSON object contains a name more than once."),
        (b'["a@example.com", 7]', "Place 2 of the list is neither an object nor one email address."),
        (b'["a@example.com, b@example.com"]', "Place 1 of the list is neither an object nor one email address."),
        (b'["a@example.com", null]', "Place 2 of the list is neither an object nor one email address."),
        (b'["a@example.com", {"name": "\\u0000"}]', "Place 2 of the list contains a character that is not allowed."),
        (b'[{"metadata": {"\\ud800": 1}}]', "Place 1 of the list contains a character that is not allowed."),
        (b'[{"metadata": ' + b"[" * 40 + b"]" * 40 + b"}]", "Place 1 of the list is nested deeper than 32 levels."),
        (b'[{"metadata": ' + b"[" * 200_000, "Place 1 of the list is nested deeper than 32 levels."),
        (b"[" + b"[]," * 500_000 + b"[]]", "This JSON document contains too many objects."),
        (b'[{"metadata": NaN}]', "NaN is not a JSON value."),
        (b'[{"metadata": 1e999}]', "A number is too large."),
        (b'[{"metadata": ' + b"1" * 5000 + b"}]", "A number is too large."),
    ],
)
def test_what_is_wrong_is_named(content: bytes, problem: str):
    assert reason(content) == problem


def test_the_name_or_type_of_a_file_says_that_it_is_meant_to_be_json():
    assert reason(b"ann@example.com", filename="PEOPLE.JSON").startswith("Malformed JSON")
    assert reason(b"ann@example.com", content_type="application/json; charset=utf-8").startswith("Malformed JSON")


def test_a_list_in_square_brackets_is_no_json():
    assert [row.email for row in read_text("[ann@example.com]").rows] == ["[ann@example.com]"]


def test_only_a_file_with_our_own_members_can_name_the_owner_role():
    foreign = [{"inviterUserId": "user_1", "emailAddress": "ann@example.com", "role": "org:owner"}]
    assert read_upload(json.dumps(foreign).encode()).role_words == {"org:owner": ""}
    own = [{"email": "ann@example.com", "role": "Owner"}]
    assert read_upload(json.dumps(own).encode()).role_words == {"Owner": "owner"}
