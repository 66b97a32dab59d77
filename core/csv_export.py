"""Send tables as CSV files, in little memory, in a form that spreadsheets show and never run.

A spreadsheet runs a cell that begins with ``=`` or a similar character as a formula, also if it is somebody's name.
`export_cell` puts an apostrophe before it (OWASP, CSV Injection). `original_cell` removes it when such a file is read.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header

from core.deadlines import request_clock

# The last four are the wide forms of the first four, which some spreadsheets convert.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel reads the file in the encoding of the computer
ROWS_IN_CHUNK = 250

#: The values of the cells of one row.
ExportedRow = Iterable[Any]


def export_cell(value: object) -> str:
    """Return a value as the text of a cell. Texts that a spreadsheet would run get an apostrophe before them.

    None is an empty cell, truth values are ``true`` and ``false``, times are in ISO 8601.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if would_run(text) else text


def original_cell(text: str) -> str:
    """Return the text that `export_cell` was called with."""
    return text[1:] if text.startswith("'") and would_run(text) else text


def would_run(text: str) -> bool:
    """Return whether the text begins as formulas do, or like a text that got an apostrophe for that reason."""
    return text.lstrip("'").startswith(FORMULA_STARTS)


def csv_response(filename: str, header: ExportedRow, rows: Iterable[ExportedRow]) -> StreamingHttpResponse:
    """Return a response that downloads the rows as a CSV file in UTF-8.

    The caller has checked the permissions. The rows are read while they are sent, so pass an iterator that reads in
    chunks. The first rows are read at once: if that fails, the exception leaves this function, and nothing was sent.
    If it fails later, the server cuts the connection. The language of the rows is the one that is active now.
    """
    chunks = csv_chunks(chain([header], rows))
    first = BYTE_ORDER_MARK + next(chunks, "")
    response = StreamingHttpResponse(continued(first, chunks), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, filename)
    response["Cache-Control"] = "no-store"
    return response


def continued(first: str, chunks: Iterator[str]) -> Iterator[str]:
    """Yield the first chunk, and then the others without the deadline of the request."""
    yield first
    request_clock.end_deadline()
    yield from chunks


def csv_chunks(rows: Iterable[ExportedRow]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180), ROWS_IN_CHUNK at a time, in the language of now."""
    remaining, language = iter(rows), translation.get_language()
    while chunk := csv_chunk(remaining, language):
        yield chunk


def csv_chunk(rows: Iterator[ExportedRow], language: str) -> str:
    """Return the lines of the next rows, or "". The server asks for it when the language is no longer active."""
    lines = io.StringIO()
    with translation.override(language):
        csv.writer(lines).writerows(map(export_cell, row) for row in islice(rows, ROWS_IN_CHUNK))
    return lines.getvalue()
