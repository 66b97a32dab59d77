"""Test lists of addresses as people type and paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invitations.uploads.rows import Format, LeftOut, Note, NoteCode, UnreadableUpload, UploadedRow, read_text

from .reading import people, reason

ANN, BOB, CARL = ("ann@example.com", "Ann Lee"), ("bob@example.com", ""), ("carl@example.com", "Lee, Carl")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Ann Lee <ann@example.com>, bob@example.com; "Lee, Carl" <carl@example.com>', [ANN, BOB, CARL]),
        ('Ann Lee <ann@example.com>\r\nbob@example.com\r"Lee, Carl" <carl@example.com>\n', [ANN, BOB, CARL]),
        ("Ann Lee <ann@example.com>;bob@example.com;", [ANN, BOB]),
        ("Lee, Carl <carl@example.com>", [CARL]),
        ("Ann Lee <ann@example.com>, Lee, Carl <carl@example.com>", [ANN, CARL]),
        ("bob@example.com carl@example.com\tann@example.com", [BOB, (CARL[0], ""), (ANN[0], "")]),
        ("Ann Lee\tann@example.com", [ANN]),
        ("Ann\tLee\tann@example.com", [ANN]),
        ("ann@example.com\tAnn Lee", [ANN]),
        ("ann@example.com, Ann Lee", [ANN]),
        ("- Ann Lee <ann@example.com>\n* bob@example.com\n• carl@example.com", [ANN, BOB, (CARL[0], "")]),
        ("1. Ann Lee <ann@example.com>\n2) bob@example.com", [ANN, BOB]),
        ("mailto:bob@example.com", [BOB]),
        ("Ann Lee ann@example.com\nbob@example.com", [ANN, BOB]),
        ("Ann Lee ann@example.com, bob@example.com", [ANN, BOB]),
        ("Ann van der Lee ann@example.com; Bob", [(ANN[0], "Ann van der Lee")]),
        ("<bob@example.com>", [BOB]),
        ("bob@example.com <bob@example.com>", [BOB]),
        ('"Ann \\"Lee\\"" <ann@example.com>', [ANN]),
        ("\u202aann@example.com\u202c\n\u200bbob@example.com\ufeff", [(ANN[0], ""), BOB]),
        ('"Lee, Carl <carl@example.com>', [CARL]),
        ("Ann\u202e Lee <ann@example.com>", [ANN]),
    ],
)
def test_a_list_is_read_as_it_is_meant(text: str, expected: list[tuple[str, str]]):
    assert people(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is no address stays in the list, so that its row says that the address is not valid.
        ("ann@example.com\nbob.example.com", [(ANN[0], ""), ("bob.example.com", "")]),
        ("ann@example.com; bob; carl@example.com", [(ANN[0], ""), ("bob", ""), (CARL[0], "")]),
        ("ann lee@example.com", [("ann lee@example.com", "")]),  # perhaps ann.lee@, so do not invite lee@
        ("Ann Lee 2 ann@example.com", [("Ann Lee 2 ann@example.com", "")]),
        ("bob@example.com Ann Lee ann@example.com", [("bob@example.com Ann Lee ann@example.com", "")]),
        ("bob@example.com <ann@example.com>", [("bob@example.com <ann@example.com>", "")]),
        ("a\u202en@example.com", [("a\u202en@example.com", "")]),
        ("Ann <ann>\nbob@example.com", [("ann", "Ann"), BOB]),
    ],
)
def test_nothing_is_lost_and_nobody_is_guessed(text: str, expected: list[tuple[str, str]]):
    assert people(text) == expected


def test_texts_after_an_address_are_a_role_a_name_and_notes():
    upload = read_text("ann@example.com\tAdmin\tAnn Lee\tSales\nbob@example.com,owner")
    assert upload.format == Format.TEXT
    assert upload.rows == [
        UploadedRow(1, "ann@example.com", "Ann Lee", role="Admin", notes=(Note(NoteCode.OTHER, "Sales"),)),
        UploadedRow(2, "bob@example.com", role="owner"),
    ]
    assert upload.role_words == {"Admin": "admin", "owner": "owner"}


def test_rows_of_a_text_are_numbered_by_person_and_have_their_line():
    rows = read_text("a@example.com, b@example.com\n\nc@example.com").rows
    assert [(row.number, row.line) for row in rows] == [(1, 1), (2, 1), (3, 3)]


def test_empty_angle_brackets_are_no_address():
    [row, _] = read_text("Ann <>\nbob@example.com").rows
    assert (row.email, row.name, row.left_out) == ("", "Ann", LeftOut.NO_ADDRESS)


def test_a_pasted_table_is_read_by_its_header():
    upload = read_text("Name\tE-Mail\tRolle\nAnn Lee\tann@example.com\tMitglied\n")
    assert upload.format == Format.TABLE
    assert upload.rows == [UploadedRow(2, "ann@example.com", "Ann Lee", role="Mitglied")]


def test_pasted_json_is_read_as_json():
    assert read_text('[{"email": "ann@example.com"}]').rows == [UploadedRow(1, "ann@example.com")]


@pytest.mark.parametrize("text", ["", " \n", "nobody", "Name,Role\nAnn,admin"])
def test_a_text_without_addresses_is_refused(text: str):
    assert reason(text) == "There is no column with email addresses. Name it “Email” in the first row."


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str):
    try:
        rows = read_text(text).rows
    except UnreadableUpload:
        return
    assert all(row.email == row.email.strip() for row in rows)


NAMES = (
    st.text(st.sampled_from("abcdefghij ,;äöß'.-"), max_size=20)
    .map(str.strip)
    .filter(lambda name: any(map(str.isalpha, name)))
)
LOCALS = st.text(st.sampled_from("abcdef.+_-0123"), min_size=1, max_size=12).filter(lambda local: local[0].isalpha())


@given(st.lists(st.tuples(LOCALS.map(lambda local: f"{local}@example.com"), NAMES), min_size=1, max_size=5))
def test_a_list_written_as_emails_write_it_is_read_again(written: list[tuple[str, str]]):
    text = "; ".join(f'"{name}" <{email}>' for email, name in written)
    assert people(text) == [(email, " ".join(name.split())) for email, name in written]


def test_a_pasted_text_has_no_control_characters():
    assert reason("ann@example.com\x00") == "This file is not text. Upload a CSV, XLSX, JSON or text file."
