"""Turn a text or a file into rows of people to invite.

Import from this module. It reads only: whom the rows invite, and with which role, is decided by the action.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from core.csv_export import original_cell

from .address_lists import people_in_cells, people_in_parts, people_in_text, split_line
from .assembling import uploaded_person, uploaded_row
from .columns import fold_column
from .decoding import decoded, refuse_what_is_not_text
from .documents import items_of_json, looks_like_json
from .errors import UnreadableUpload
from .formats import FileFormat, format_of_header, format_of_objects
from .roles import suggested_role
from .sheets import is_workbook, sheet_rows
from .tables import NumberedRow, csv_rows
from .upload import Format, LeftOut, Note, NoteCode, Upload, UploadedRow

__all__ = [
    "MAX_BYTES", "MAX_ROWS", "Format", "LeftOut", "Note", "NoteCode", "UnreadableUpload", "Upload", "UploadedRow",
    "read_text", "read_upload",
]  # fmt: skip

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
MAX_LIST_LENGTH = 2_000_000  # characters of a text without a header; 10,000 people with 200 characters each
MAX_COLUMNS = 200
ROWS_BEFORE_THE_HEADER = 10
JSON_FILES = (".json", ".jsonl", ".ndjson")


def read_upload(content: bytes, *, filename: str = "", content_type: str = "") -> Upload:
    """Return the rows of a file: CSV, XLSX, JSON, or text with addresses. Raises UnreadableUpload.

    The content decides what the file is. Its name and type only say that a malformed file is meant to be JSON.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableUpload(_("This file is larger than %(megabytes)d MB.") % {"megabytes": MAX_BYTES // 1024**2})
    if is_workbook(content):
        return read_sheet(content)
    text = decoded(content)
    is_json = filename.lower().endswith(JSON_FILES) or "json" in content_type.lower()
    return read_json(text) if is_json or looks_like_json(text) else read_lines(text)


def read_text(text: str) -> Upload:
    """Return the rows of a pasted text: a list of addresses, a table or JSON. Raises UnreadableUpload."""
    if len(text) > MAX_BYTES:
        raise UnreadableUpload(_("This text is too long."))
    refuse_what_is_not_text(text)
    return read_json(text) if looks_like_json(text) else read_lines(text)


def read_lines(text: str) -> Upload:
    """Return the rows of a table with a header, or of a list of addresses."""
    rows = csv_rows(text)
    try:
        known, columns = header_of(rows)
    except UnreadableUpload:  # quotation marks of a list, such as those of "Lee, Carl" <c@example.com>
        known, columns = None, []
    if known:
        return upload(known.format, rows_under(columns, rows, known))
    refuse_without_addresses("@" in text)
    if len(text) > MAX_LIST_LENGTH:
        raise UnreadableUpload(_("This text is too long."))
    people = enumerate(people_in_text(text), start=1)
    return upload(Format.TEXT, (uploaded_person(number, person, line) for number, (line, person) in people))


def read_sheet(content: bytes) -> Upload:
    """Return the rows of the first sheet of a workbook."""
    first, rows = itertools.tee(itertools.islice(sheet_rows(content), MAX_ROWS + ROWS_BEFORE_THE_HEADER + 1))
    known, columns = header_of(first)
    if known:
        return upload(known.format, rows_under(columns, first, known))
    people = [(number, person) for number, cells in rows for person in people_in_cells(cells)]
    refuse_without_addresses(any("@" in person.email for _number, person in people))
    return upload(Format.TABLE, (uploaded_person(number, person) for number, person in people))


def header_of(rows: Iterator[NumberedRow]) -> tuple[FileFormat | None, list[str]]:
    """Return the format of a table and its columns, or None and no columns.

    Read the rows up to the header. Titles and the version line of a template can be before it, but no addresses.
    """
    for _number, cells in itertools.islice(rows, ROWS_BEFORE_THE_HEADER):
        columns = [fold_column(cell) for cell in cells[:MAX_COLUMNS]]
        known = format_of_header(columns)
        if known or any("@" in cell for cell in cells):
            return known, columns
    return None, []


def rows_under(columns: list[str], rows: Iterable[NumberedRow], known: FileFormat) -> Iterator[UploadedRow]:
    """Yield the rows under a header. Cells without a header, and those of a repeated column, are ignored."""
    first: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column:
            first.setdefault(column, place)
    for number, cells in rows:
        yield uploaded_row(
            number,
            {column: original_cell(cells[place]) for column, place in first.items() if place < len(cells)},
            known,
        )


def read_json(text: str) -> Upload:
    """Return the rows of a JSON list of objects or addresses."""
    items = items_of_json(text)
    objects = [members(item) if isinstance(item, dict) else item for item in items]
    known = format_of_objects(next((item for item in objects if isinstance(item, dict)), {}))
    return upload(known.format, (json_row(number, item, known) for number, item in enumerate(objects, start=1)))


def json_row(number: int, item: Any, known: FileFormat) -> UploadedRow:
    """Return the row of an item of a JSON list."""
    if isinstance(item, dict):
        return uploaded_row(number, item, known)
    people = people_in_parts(split_line(item)) if isinstance(item, str) else []
    if len(people) != 1:
        message = _("Place %(place)d of the list is neither an object nor one email address.")
        raise UnreadableUpload(message % {"place": number})
    return uploaded_person(number, people[0])


def members(item: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an object and of the objects in it, by their folded names. Keep metadata as it is."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        folded = fold_column(name)
        if isinstance(value, dict) and not folded.endswith("metadata"):
            found |= {f"{folded} {fold_column(inner)}": content for inner, content in value.items()}
        else:
            found.setdefault(folded, value)
    return found


def upload(file_format: Format, rows: Iterable[UploadedRow]) -> Upload:
    """Return the upload. Raises UnreadableUpload if there are more than MAX_ROWS rows."""
    found = list(itertools.islice(rows, MAX_ROWS + 1))
    if len(found) > MAX_ROWS:
        message = _("There are more than %(rows)d people. Divide them into several files.")
        raise UnreadableUpload(message % {"rows": MAX_ROWS})
    words = {row.role: suggested_role(row.role, file_format) for row in found if row.role}
    return Upload(file_format, found, words)


def refuse_without_addresses(has_addresses: bool) -> None:
    """Raise UnreadableUpload if there are no addresses."""
    if not has_addresses:
        raise UnreadableUpload(_("There is no column with email addresses. Name it “Email” in the first row."))
