"""Test XLSX files, also those that are made to do harm."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from invitations.uploads.rows import Format, Note, NoteCode, UnreadableUpload, UploadedRow, read_upload

from .reading import reason

BROKEN = "This workbook is broken. Save it again as XLSX, or as CSV."
TOO_LARGE = "This workbook is too large. Upload a sheet that contains only the people to invite."
SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: Iterable[Iterable[Any]]) -> bytes:
    book, file = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    book.save(file)
    return file.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """Return a workbook in which one part is replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["Email"], ["ann@example.com"]]))) as original,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        assert name in original.namelist()
        for part in original.namelist():
            changed.writestr(part, content if part == name else original.read(part))
    return file.getvalue()


def sheet_with(content: str) -> bytes:
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return with_part(SHEET, f"{head}{content}</sheetData></worksheet>".encode())


def test_cells_are_read_as_people_read_them():
    [row] = read_upload(
        workbook([["Email", "A", "B", "C", "D"], ["ann@example.com", True, 7.0, 0.5, datetime(2026, 12, 1, 8, 30)]])
    ).rows
    assert [note.value for note in row.notes] == ["A: TRUE", "B: 7", "C: 0.5", "D: 2026-12-01T08:30:00"]


def test_a_formula_is_not_calculated():
    [row] = read_upload(workbook([["Email", "Name"], ["ann@example.com", '=HYPERLINK("https://example.com")']])).rows
    assert row == UploadedRow(2, "ann@example.com")


def test_a_workbook_without_a_header_is_read_like_a_list():
    upload = read_upload(workbook([["Ann Lee", "ann@example.com"], [], ["bob@example.com", "Bob"]]))
    assert upload.format == Format.TABLE
    assert upload.rows == [UploadedRow(1, "ann@example.com", "Ann Lee"), UploadedRow(3, "bob@example.com", "Bob")]


def test_a_workbook_without_addresses_is_refused():
    assert reason(workbook([["Name"], ["Ann"]])).startswith("There is no column with email addresses.")


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        workbook([["Email"]])[:-100],
        with_part(SHEET, b"<worksheet"),
        with_part(SHEET, b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'),
        with_part("xl/styles.xml", b"nonsense"),
        with_part("[Content_Types].xml", b"<x/>"),
        sheet_with('<row r="x"><c r="A1"><v>1</v></c></row>'),
        sheet_with('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'),
    ],
)
def test_a_broken_workbook_is_refused(content: bytes):
    assert reason(content) == BROKEN


def test_a_zip_file_that_is_no_workbook_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.csv", "Email\nann@example.com\n")
    assert reason(file.getvalue()) == BROKEN


def test_old_and_encrypted_workbooks_are_refused():
    compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    assert reason(compound) == "This workbook has the old XLS format. Save it as XLSX or CSV."
    encrypted = compound + "EncryptedPackage".encode("utf-16-le")
    assert reason(encrypted) == "This workbook is encrypted. Remove its password, and upload it again."


def many_parts() -> bytes:
    file = io.BytesIO(workbook([["Email"]]))
    with zipfile.ZipFile(file, "a") as archive:
        for number in range(1001):
            archive.writestr(f"x{number}", b"")
    return file.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "many bytes": lambda: sheet_with(" " * 60_000_000),
    "many elements": lambda: sheet_with("<a/>" * 2_000_000),
    "many levels": lambda: with_part("xl/styles.xml", b"<a>" * 2_000_000),
    "many parts": many_parts,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_workbook_that_unpacks_to_too_much_is_refused_in_little_memory(name: str):
    content = BOMBS[name]()
    tracemalloc.start()
    assert reason(content) == TOO_LARGE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 1024 * 1024


def test_a_cell_at_the_end_of_the_sheet_is_harmless():
    last = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x@example.com</t></is></c></row>'
    first = '<row r="1"><c r="A1" t="inlineStr"><is><t>Email</t></is></c></row>'
    assert read_upload(sheet_with(first + last)).rows == []
    beyond = '<row r="99999999999"><c r="A1" t="inlineStr"><is><t>x@example.com</t></is></c></row>'
    assert read_upload(sheet_with(first + beyond)).rows == []


def test_a_second_sheet_is_not_read():
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Email"])
    book.create_sheet().append(["bob@example.com"])
    book.save(file)
    assert read_upload(file.getvalue()).rows == []


@settings(max_examples=25)
@given(st.binary(max_size=50), st.integers(0, 4000))
def test_any_damage_is_read_or_refused(damage: bytes, place: int):
    content = bytearray(workbook([["Email"], ["ann@example.com"]]))
    content[place : place + len(damage)] = damage
    with suppress(UnreadableUpload):
        read_upload(bytes(content))


def test_notes_of_a_workbook_are_those_of_a_table():
    [row] = read_upload(workbook([["Email", "Tags"], ["ann@example.com", "vip"]])).rows
    assert row.notes == (Note(NoteCode.TAGS, "vip"),)


def test_an_encrypted_part_is_named():
    content = bytearray(workbook([["Email"], ["ann@example.com"]]))
    entry = content.index(b"PK\x01\x02")  # the first entry of the directory; its flags are 8 bytes later
    content[entry + 8] |= 1
    assert reason(bytes(content)) == "This workbook is encrypted. Remove its password, and upload it again."
