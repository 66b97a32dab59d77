"""Test CSV files: encodings, delimiters, headers and cells."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv_export import csv_response
from invitations.uploads.rows import Format, LeftOut, Note, NoteCode, UploadedRow, read_upload

from .reading import reason

TABLE = "Email{0}Name{0}Message\r\nzoe@example.com{0}Zoë Groß{0}Bis bald – für 5 €\r\n"
ROW = UploadedRow(2, "zoe@example.com", "Zoë Groß", message="Bis bald – für 5 €")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_and_delimiter(encoding: str, delimiter: str):
    assert read_upload(TABLE.format(delimiter).encode(encoding)).rows == [ROW]


def test_utf_16_with_a_byte_order_mark_of_big_endian():
    assert read_upload(b"\xfe\xff" + TABLE.format(",").encode("utf-16-be")).rows == [ROW]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end(line_end: str):
    content = line_end.join(["Email", "ann@example.com", "", "bob@example.com"]).encode()
    assert [(row.number, row.email) for row in read_upload(content).rows] == [
        (2, "ann@example.com"),
        (4, "bob@example.com"),
    ]


def test_mixed_line_ends():
    content = b"Email,Name\r\nann@example.com,Ann\nbob@example.com,Bob\rcid@example.com,Cid"
    assert [row.name for row in read_upload(content).rows] == ["Ann", "Bob", "Cid"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        *(
            (name, "email")
            for name in ("Email", "E-MAIL", "e_mail", "emailAddress", "E-Mail-Adresse", "E\u2011Mail", "Mail")
        ),
        *((name, "name") for name in ("Name", "Full name", "displayName", "Vollständiger Name")),
        *((name, "role") for name in ("Role", "Rolle")),
        *((name, "unit") for name in ("Unit", "Workspace", "Application", "Arbeitsbereich", "Anwendung")),
        *((name, "unit_role") for name in ("unit_role", "unitRole", "Workspace role", "Rolle im Arbeitsbereich")),
        *((name, "language") for name in ("Language", "Sprache", "Locale")),
        *((name, "message") for name in ("Message", "Nachricht", "Persönliche Nachricht")),
    ],
)
def test_our_own_columns_in_english_and_german(header: str, field: str):
    [row] = read_upload(
        f"Mail,{header}\nann@example.com,value\n".encode() if field != "email" else f"{header}\nvalue".encode()
    ).rows
    assert getattr(row, field) == "value"


@pytest.mark.parametrize("columns", ["First name,Last name", "Vorname,Nachname", "given_name,familyName"])
def test_a_name_in_two_columns(columns: str):
    [row] = read_upload(f"{columns},Email\nAnn, Lee,ann@example.com\n".encode()).rows
    assert row.name == "Ann Lee"


@pytest.mark.parametrize(
    ("status", "left_out"),
    [
        ("active", None),
        ("Suspended", LeftOut.SUSPENDED),
        ("gesperrt", LeftOut.SUSPENDED),
        ("deactivated", LeftOut.DEACTIVATED),
        ("inaktiv", LeftOut.DEACTIVATED),
        ("expired", LeftOut.EXPIRED),
        ("bot", LeftOut.BOT),
    ],
)
def test_a_status_leaves_a_row_out(status: str, left_out: LeftOut | None):
    [row] = read_upload(f"email,status\nann@example.com,{status}\n".encode()).rows
    assert row.left_out == left_out


def test_what_is_not_carried_over_is_noted_except_secrets():
    content = b"email,team,tags,redirect url,Shoe size,Password,API token\nann@example.com,blue,x,https://example.com,42,hunter2,abc\n"
    assert read_upload(content).rows[0].notes == (
        Note(NoteCode.GROUPS, "blue"),
        Note(NoteCode.TAGS, "x"),
        Note(NoteCode.REDIRECT, "https://example.com"),
        Note(NoteCode.OTHER, "Shoe size: 42"),
    )


def test_a_second_address_is_noted():
    [row] = read_upload(b"email,work email\nann@example.com,lee@example.com\n").rows
    assert (row.email, row.notes) == ("ann@example.com", (Note(NoteCode.OTHER, "Work email: lee@example.com"),))


def test_a_column_of_addresses_can_contain_names():
    [row] = read_upload(b'Email\n"Lee, Ann <ann@example.com>"\n').rows
    assert (row.email, row.name) == ("ann@example.com", "Lee, Ann")


def test_an_internal_name_of_a_directory_is_noted_and_left_out():
    [row] = read_upload(b"email\nann_example.com#EXT#@contoso.onmicrosoft.com\n").rows
    assert row.left_out == LeftOut.NO_ADDRESS
    assert row.notes == (Note(NoteCode.INTERNAL_ADDRESS, "ann_example.com#EXT#@contoso.onmicrosoft.com"),)


def test_the_header_can_follow_a_title_but_not_an_address():
    assert read_upload(b"Our team\n\nEmail\nann@example.com\n").rows == [UploadedRow(4, "ann@example.com")]
    upload = read_upload(b"ann@example.com\nEmail\nbob@example.com\n")
    assert (upload.format, [row.email for row in upload.rows]) == (
        Format.TEXT,
        ["ann@example.com", "Email", "bob@example.com"],
    )


def test_rows_with_too_few_or_too_many_cells_are_read():
    rows = read_upload(b"Email,Name\nann@example.com\nbob@example.com,Bob,more,and more\n").rows
    assert rows == [UploadedRow(2, "ann@example.com"), UploadedRow(3, "bob@example.com", "Bob")]


def test_a_table_without_rows_is_empty():
    assert read_upload(b"Email,Name\n").rows == []


def test_names_and_messages_have_no_invisible_characters():
    [row] = read_upload('email,name,message\nann@example.com,A\u202enn\u200b\tLee,"Hi\r\n\u202eAnn"\n'.encode()).rows
    assert (row.name, row.message) == ("Ann Lee", "Hi\nAnn")


def test_formulas_stay_text():
    [row] = read_upload(b"email,name\nann@example.com,=1+1\n").rows
    assert row.name == "=1+1"


@pytest.mark.parametrize(
    "content",
    [
        b'email,name\nann@example.com,"Ann\nbob@example.com,Bob\n',
        b'email,name\nann@example.com,"Ann" Lee\n',
        b"email,name\nann@example.com," + b"x" * 200_000,
    ],
)
def test_the_row_with_a_broken_cell_is_named(content: bytes):
    assert reason(content) == "Row 2: the quotation marks are not closed, or a cell is too long."


def test_a_csv_file_without_addresses_is_refused():
    assert (
        reason(b"Name,Role\nAnn,admin\n")
        == "There is no column with email addresses. Name it “Email” in the first row."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"email\nann@example.com\x00\n",
        b"email\nann\x07@example.com\n",
        b"%PDF-1.7\n\x00\x01",
        b"\x81\x8d\x8f",
        b"\xff\xfea",
    ],
)
def test_what_is_not_text_is_refused(content: bytes):
    assert reason(content) == "This file is not text. Upload a CSV, XLSX, JSON or text file."


CELLS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=20).map(
    lambda text: " ".join(text.split())
)


@given(st.lists(CELLS, max_size=5))
def test_what_we_export_is_read_again(names: list[str]):
    response = csv_response("people.csv", ["Email", "Name"], [("ann@example.com", name) for name in names])
    assert [row.name for row in read_upload(response.getvalue()).rows] == [_read(name) for name in names]


def _read(name: str) -> str:
    """Return the name without the invisible characters that reading removes."""
    return read_upload(_csv([["Email", "Name"], ["ann@example.com", name]])).rows[0].name


def _csv(rows: list[list[str]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode()
