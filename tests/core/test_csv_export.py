"""Test CSV files: what their cells contain, and that they are sent in chunks."""

import csv
import io
from datetime import UTC, datetime
from itertools import count

import pytest
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import given
from hypothesis import strategies as st

from core.csv_export import ROWS_IN_CHUNK, csv_response, export_cell, original_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Ann Lee", "Ann Lee"),
        ("O'Neil", "O'Neil"),
        ("ann+news@example.com", "ann+news@example.com"),
        ('=HYPERLINK("https://example.com")', '\'=HYPERLINK("https://example.com")'),
        ("+49 30 1234", "'+49 30 1234"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        (-5, "-5"),
        (2.5, "2.5"),
        (None, ""),
        (True, "true"),
        (datetime(2026, 12, 1, 8, tzinfo=UTC), "2026-12-01T08:00:00+00:00"),
    ],
)
def test_a_cell_is_never_a_formula(value: object, cell: str):
    assert export_cell(value) == cell


@given(st.text())
def test_the_original_of_a_cell_is_found_again(text: str):
    assert original_cell(export_cell(text)) == text


def test_a_response_is_a_csv_file_in_utf_8_with_a_byte_order_mark():
    response = csv_response(
        "Mitglieder – Küche.csv", ["Name", "Email"], [("Jörg, the first", None), ("=1", 'say "hi"')]
    )
    assert response.headers == {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": "attachment; filename*=utf-8''Mitglieder%20%E2%80%93%20K%C3%BCche.csv",
        "Cache-Control": "no-store",
    }
    assert response.getvalue().decode() == ('\ufeffName,Email\r\n"Jörg, the first",\r\n\'=1,"say ""hi"""\r\n')


def test_a_response_reads_rows_only_when_it_sends_them():
    numbers = count()
    response = csv_response("numbers.csv", ["Number"], ([number] for number in numbers))
    chunks = iter(response)
    assert next(numbers) == ROWS_IN_CHUNK - 1  # with the header, that is the first chunk
    next(chunks)
    assert next(numbers) == ROWS_IN_CHUNK
    assert len(list(csv.reader(io.StringIO(next(chunks).decode())))) == ROWS_IN_CHUNK


def test_a_failure_at_the_first_rows_comes_before_the_response():
    def broken():
        yield ["Ann"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        csv_response("people.csv", ["Name"], broken())


def test_every_chunk_is_in_the_language_of_the_request():
    def rows():
        for _ in range(2 * ROWS_IN_CHUNK):
            yield [gettext("Email address")]

    with translation.override("de"):
        expected = gettext("Email address")
        response = csv_response("people.csv", ["Text"], rows())
    lines = response.getvalue().decode().splitlines()[1:]
    assert expected != "Email address"
    assert set(lines) == {expected}
