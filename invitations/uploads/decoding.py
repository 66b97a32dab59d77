"""Decode the bytes of a text file: UTF-8, UTF-16 with or without a byte order mark, or Windows-1252."""

import codecs
import re

from django.utils.translation import gettext as _

from .errors import UnreadableUpload

MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
GUESSED_FROM = 2000  # bytes
NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")


def decoded(content: bytes) -> str:
    """Return the text. Raises UnreadableUpload if the bytes are no text."""
    for encoding in encodings_of(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        refuse_what_is_not_text(text)
        return text
    raise not_text()


def refuse_what_is_not_text(text: str) -> None:
    """Raise UnreadableUpload for control characters, which text files do not contain."""
    if NOT_TEXT.search(text):
        raise not_text()


def not_text() -> UnreadableUpload:
    """Return the error for a file that is not text."""
    return UnreadableUpload(_("This file is not text. Upload a CSV, XLSX, JSON or text file."))


def encodings_of(content: bytes) -> tuple[str, ...]:
    """Return the encodings to try, the most probable first."""
    for mark, encoding in MARKED:
        if content.startswith(mark):
            return (encoding,)
    start = content[:GUESSED_FROM]
    if b"\x00" in start:  # every second byte of Western text in UTF-16 is zero
        return ("utf-16-le",) if start[1::2].count(0) >= start[::2].count(0) else ("utf-16-be",)
    return ("utf-8", "cp1252")
