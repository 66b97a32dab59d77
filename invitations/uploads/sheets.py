"""Read XLSX workbooks, with limits on what they unpack to."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from defusedxml import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from .errors import UnreadableUpload
from .tables import NumberedRow

MAX_UNPACKED = 50 * 1024 * 1024  # bytes; 10,000 rows with a message each unpack to about 10 MB
MAX_ELEMENTS = 600_000  # XML elements of all parts; 10,000 rows with 8 columns have about 250,000
MAX_PARTS = 1000
MAX_COLUMNS = 200
MAX_ROWS = 1_048_576  # of a sheet in Excel
CHUNK = 1024 * 1024

MIDNIGHT = time()
ZIP_START = b"PK\x03\x04"
COMPOUND_START = b"\xd0\xcf\x11\xe0"  # XLS workbooks, and encrypted XLSX workbooks
ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")
# What zipfile and openpyxl raise for a workbook that is broken, whichever part it is.
BROKEN = (
    zipfile.BadZipFile, zlib.error, SyntaxError, DefusedXmlException, InvalidFileException, NotImplementedError,
    KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, RuntimeError, OverflowError,
)  # fmt: skip


def is_workbook(content: bytes) -> bool:
    """Return whether the file is a workbook, perhaps one that cannot be read."""
    return content.startswith((ZIP_START, COMPOUND_START))


def sheet_rows(content: bytes) -> Iterator[NumberedRow]:
    """Yield the rows of the first sheet that are not blank. Raises UnreadableUpload.

    Formulas are not calculated: their cells have the value that the workbook contains.
    """
    if content.startswith(COMPOUND_START):
        raise refused_compound(content)
    try:
        refuse_bombs(content)
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        yield from rows_of(workbook)
    except BROKEN as error:
        raise UnreadableUpload(_("This workbook is broken. Save it again as XLSX, or as CSV.")) from error


def rows_of(workbook: Workbook) -> Iterator[NumberedRow]:
    """Yield the rows of the first sheet that are not blank, with cells as text."""
    for sheet in workbook.worksheets[:1]:
        rows = sheet.iter_rows(max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True)
        blank: tuple[Any, ...] = ()
        for number, values in enumerate(rows, start=1):
            if values is blank:  # openpyxl yields the same row again for each row of a gap, and gaps can be long
                continue
            cells = [text_of(value) for value in values]
            if any(cells):
                yield number, cells
            else:
                blank = values


def text_of(value: Any) -> str:
    """Return the value of a cell as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == MIDNIGHT:  # Excel stores dates in this way
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def refused_compound(content: bytes) -> UnreadableUpload:
    """Return the error for a workbook in the format of old Excel, in which encrypted workbooks are stored."""
    if ENCRYPTED_PART in content:
        return UnreadableUpload(_("This workbook is encrypted. Remove its password, and upload it again."))
    return UnreadableUpload(_("This workbook has the old XLS format. Save it as XLSX or CSV."))


def refuse_bombs(content: bytes) -> None:
    """Raise UnreadableUpload if the parts of the workbook unpack to too many bytes or too many XML elements.

    A part never unpacks to more bytes than it declares, because zipfile stops reading there.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        infos = parts.infolist()
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise too_large()
        if any(info.flag_bits & 1 for info in infos):
            raise UnreadableUpload(_("This workbook is encrypted. Remove its password, and upload it again."))
        elements = 0
        for info in infos:
            with parts.open(info) as part:
                while chunk := part.read(CHUNK):
                    elements += chunk.count(b"<") - chunk.count(b"</")
                    if elements > MAX_ELEMENTS:
                        raise too_large()


def too_large() -> UnreadableUpload:
    """Return the error for a workbook that is too large when it is unpacked."""
    return UnreadableUpload(_("This workbook is too large. Upload a sheet that contains only the people to invite."))
