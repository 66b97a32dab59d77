"""Read CSV: values separated by commas, semicolons or tabs."""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from .errors import UnreadableUpload

DELIMITERS = ",;\t"
LINES_LOOKED_AT = 10

#: The number of a row in the sheet, and its cells.
NumberedRow = tuple[int, list[str]]


def csv_rows(text: str) -> Iterator[NumberedRow]:
    """Yield the rows that are not blank. Raises UnreadableUpload for quotation marks that are not closed."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cells):
                yield number, cells
    except csv.Error as error:
        message = _("Row %(number)d: the quotation marks are not closed, or a cell is too long.")
        raise UnreadableUpload(message % {"number": number + 1}) from error


def delimiter_of(text: str) -> str:
    """Return the delimiter that is most frequent, outside of quotation marks, in one of the first lines."""
    lines = io.StringIO(text, newline="")
    best, most = DELIMITERS[0], 0
    for line in (lines.readline(10_000) for _line in range(LINES_LOOKED_AT)):
        outside = "".join(line.split('"')[::2])
        found = max(DELIMITERS, key=outside.count)
        if outside.count(found) > most:
            best, most = found, outside.count(found)
    return best
