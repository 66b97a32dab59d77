"""Parsers of the requests that invite many: JSON, CSV, and forms with a file. Only these may be larger than others."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser, MultiPartParser

from core.api.parsers import (
    Document,
    MalformedBody,
    StrictJSONParser,
    document_of_form,
    field_problem,
    parse_document,
    refuse_other_charsets,
)
from invitations.uploads.rows import MAX_BYTES

FILE = "file"


@dataclass(frozen=True)
class FileContent:
    """An uploaded file. The fingerprint of a request (``Idempotency-Key``) has the hash of its content."""

    content: bytes
    name: str = ""
    media_type: str = ""

    def __iter__(self) -> Iterator[str]:
        """Yield what identifies the file. The JSON encoder of REST framework reads objects in this way."""
        yield from (self.name, self.media_type, hashlib.sha256(self.content).hexdigest())


class BulkJSONParser(StrictJSONParser):
    """Parse a JSON object of at most MAX_BYTES."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Document:
        """Parse the body. Raises UnsupportedMediaType (charset), RequestDataTooBig, MalformedBody."""
        refuse_other_charsets(media_type or "")
        return parse_document(_read(stream))


class CsvParser(BaseParser):
    """Take the body as a file. The content decides how it is read, so it may be in any encoding."""

    media_type = "text/csv"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Document:
        """Return the body as the field ``file``. Raises RequestDataTooBig."""
        return {FILE: FileContent(_read(stream), media_type=self.media_type)}


class BulkMultiPartParser(MultiPartParser):
    """Parse a form with one file, whose other fields are those of the JSON body."""

    def parse(  # type: ignore[override]
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Document:
        """Parse the form. Raises RequestDataTooBig, MalformedBody."""
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
            raise RequestDataTooBig
        form = super().parse(stream, media_type, parser_context)
        files = [(name, one) for name, several in form.files.lists() for one in several]
        if [name for name, _ in files] != [FILE]:
            raise MalformedBody("The body is not valid.", fields={FILE: ["Send exactly one file, in this field."]})
        [(_, file)] = files
        document = {name: _typed(name, value) for name, value in document_of_form(form.data).items()}
        content = FileContent(file.read(), file.name or "", file.content_type or "")
        return {**document, FILE: content}


def _typed(name: str, value: str) -> Any:
    """Return the value of a form field with the type that it has in JSON. Raises MalformedBody."""
    if name == "roles":
        try:
            return parse_document(value.encode())
        except MalformedBody as error:
            raise field_problem(name, "A JSON object is expected.") from error
    return json.loads(value) if name == "expiresInDays" and value.isascii() and value.isdigit() else value


def _read(stream: IO[bytes]) -> bytes:
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise RequestDataTooBig
    return content
