"""Test the limits: rows, bytes, memory and time."""

import tracemalloc
from contextlib import suppress

import pytest

from invitations.uploads.rows import MAX_BYTES, MAX_ROWS, UnreadableUpload, read_text, read_upload

from .reading import read, reason, rows_of_json
from .test_workbooks import workbook

TOO_MANY = "There are more than 10000 people. Divide them into several files."


def addresses(number: int) -> list[str]:
    return [f"person{index}@example.com" for index in range(number)]


def test_ten_thousand_rows_are_read_from_every_kind_of_file():
    people = addresses(MAX_ROWS)
    assert len(read_text("\n".join(people)).rows) == MAX_ROWS
    assert len(read_upload("\n".join(["Email", *people]).encode()).rows) == MAX_ROWS
    assert len(rows_of_json([{"email": email} for email in people])) == MAX_ROWS
    assert len(read_upload(workbook([["Email"], *([email] for email in people)])).rows) == MAX_ROWS


def test_one_row_more_is_refused():
    people = addresses(MAX_ROWS + 1)
    assert reason("\n".join(people)) == TOO_MANY
    assert reason("\n".join(["Email", *people]).encode()) == TOO_MANY
    assert reason(str(people).replace("'", '"').encode()) == TOO_MANY
    assert reason(workbook([["Email"], *([email] for email in people)])) == TOO_MANY
    assert reason(workbook([email] for email in people)) == TOO_MANY


def test_blank_rows_do_not_count():
    assert len(read_upload(b"Email\n" + b"\n" * 20_000 + b"ann@example.com\n").rows) == 1


def test_a_file_or_text_that_is_too_large_is_refused():
    assert reason(b"a" * (MAX_BYTES + 1)) == "This file is larger than 10 MB."
    assert reason("a" * (MAX_BYTES + 1)) == "This text is too long."
    assert reason("a@example.com " * 150_000) == "This text is too long."


@pytest.mark.parametrize(
    "unit", ['"', "<", ">", ",", "@", "a@b ", "\\", '"\\', "\n", "\t", "a,", "<@", "- ", "[", "{", "'", "=", "a b "]
)
def test_hostile_texts_take_little_memory(unit: str):
    text = unit * (200_000 // len(unit))
    tracemalloc.start()
    for content in (text, f"Email,Name\n{text}", text.encode()):
        with suppress(UnreadableUpload):
            read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024 * 1024
