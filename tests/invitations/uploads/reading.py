"""Helpers for tests that read texts and files."""

import json
from typing import Any

import pytest

from invitations.uploads.rows import UnreadableUpload, Upload, UploadedRow, read_text, read_upload


def people(text: str) -> list[tuple[str, str]]:
    """Return the address and name of each row of a text."""
    return [(row.email, row.name) for row in read_text(text).rows]


def rows_of_json(value: Any) -> list[UploadedRow]:
    return read_upload(json.dumps(value).encode()).rows


def reason(content: bytes | str, **named: str) -> str:
    """Return why a file, or a text, cannot be read."""
    with pytest.raises(UnreadableUpload) as caught:
        read(content, **named)
    assert caught.value.message == "The file cannot be read."
    assert list(caught.value.fields) == ["file"]
    [problem] = caught.value.fields["file"]
    return problem


def read(content: bytes | str, **named: str) -> Upload:
    return read_text(content) if isinstance(content, str) else read_upload(content, **named)
