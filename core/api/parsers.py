"""Strict parsers of JSON bodies (RFC 8259 and RFC 7493) and of forms. They reject an ambiguous body with a 4xx."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import QueryDict
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser

from core.errors import Invalid

from .names import AsSent

MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 32
UNSTORABLE_CHARACTERS = re.compile("[\x00\ud800-\udfff]")

Document = dict[str, Any]


class MalformedBody(Invalid):
    """The body is not an unambiguous JSON object in UTF-8."""

    message = "The body must be a JSON object."


class StrictJSONParser(BaseParser):
    """Parse a JSON object.

    Reject input that parsers interpret differently, such as duplicate keys, and input that a database cannot store.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Document:
        """Parse the body. Raises UnsupportedMediaType (charset), RequestDataTooBig, MalformedBody."""
        refuse_other_charsets(media_type or "")
        return parse_document(read_all(stream))


class StrictFormParser(FormParser):
    """Parse a URL-encoded form by the rules of this module. Some vendors' clients send forms."""

    def parse(  # type: ignore[override]
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Document:
        """Parse the body. Raises UnsupportedMediaType (charset), RequestDataTooBig, MalformedBody."""
        refuse_other_charsets(media_type or "")
        try:
            text = read_all(stream).decode()
        except UnicodeDecodeError as error:
            raise MalformedBody("The body must be valid UTF-8.") from error
        return document_of_form(QueryDict(text))


class StrictMultiPartParser(MultiPartParser):
    """Parse a multipart form by the rules of this module. Reject files."""

    def parse(  # type: ignore[override]
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Document:
        """Parse the body. Raises RequestDataTooBig, MalformedBody."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise RequestDataTooBig
        form = super().parse(stream, media_type, parser_context)
        if form.files:
            raise field_problem(next(iter(form.files)), "File uploads are not supported.")
        return document_of_form(form.data)


def document_of_form(form: QueryDict) -> Document:
    """Return the fields of a form as a dictionary. Raises MalformedBody."""
    document = without_duplicates([(name, value) for name, values in form.lists() for value in values])
    refuse_unstorable(document)
    return document


def refuse_other_charsets(media_type: str) -> None:
    """Raise UnsupportedMediaType if the charset parameter is not UTF-8."""
    _, parameters = parse_header_parameters(media_type)
    if parameters.get("charset", "utf-8").strip().lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, "JSON is read as UTF-8 only.")


def read_all(stream: IO[bytes]) -> bytes:
    """Return the body. Raises RequestDataTooBig if it is larger than DATA_UPLOAD_MAX_MEMORY_SIZE.

    Django checks this limit for forms only.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    content = stream.read(limit + 1) if limit is not None else stream.read()
    if limit is not None and len(content) > limit:
        raise RequestDataTooBig
    return content


def parse_document(content: bytes) -> Document:
    """Parse a JSON object by the rules of this module.

    Raises MalformedBody. The error names the field if possible.
    """
    try:
        document = DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        raise MalformedBody("The body must be valid UTF-8.") from error
    except RecursionError as error:
        raise too_deep() from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"Malformed JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from error
    if not isinstance(document, dict):
        raise MalformedBody
    refuse_unstorable(document)
    return document


def without_duplicates(pairs: list[tuple[str, Any]]) -> Document:
    """Return a dictionary of the pairs. If a key is repeated, raise MalformedBody with the key."""
    document = dict(pairs)
    if len(document) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise field_problem(twice, "This name occurs more than once.")
    return document


def number(text: str, kind: type[int] | type[float]) -> int | float:
    """Parse a number. Raises MalformedBody if it has too many digits or is too large to store."""
    if len(text) > MAX_NUMBER_LENGTH:
        raise MalformedBody("A number is too long.")
    value = kind(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedBody("A number is too large.")
    return value


def no_number(text: str) -> None:
    """Reject NaN and Infinity. Python accepts them, but they are not valid JSON."""
    raise MalformedBody(f"{text} is not a JSON value.")


DECODER = json.JSONDecoder(
    object_pairs_hook=without_duplicates,
    parse_int=lambda text: number(text, int),
    parse_float=lambda text: number(text, float),
    parse_constant=no_number,
)


def refuse_unstorable(document: Document) -> None:
    """Raise MalformedBody for a NUL or a lone surrogate in any string, and for more than MAX_DEPTH levels."""
    level: list[tuple[str, Any]] = [("", document)]
    for _ in range(MAX_DEPTH):
        level = [child for path, value in level for child in children(path, value)]
    if any(isinstance(value, dict | list) for _, value in level):
        raise too_deep()
    for path, value in level:
        refuse_unstorable_text(path, value)


def children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each child. Raises MalformedBody for a name or a string that cannot be stored."""
    if isinstance(value, dict):
        for name, inner in value.items():
            refuse_unstorable_text(path, name)
            yield (f"{path}.{name}" if path else name), inner
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield f"{path}.{index}", inner
    else:
        refuse_unstorable_text(path, value)


def refuse_unstorable_text(path: str, value: Any) -> None:
    """Raise MalformedBody if a string contains NUL or a lone surrogate."""
    found = UNSTORABLE_CHARACTERS.search(value) if isinstance(value, str) else None
    if found:
        raise field_problem(path, f"The character U+{ord(found[0]):04X} is not allowed.")


def field_problem(name: str, message: str) -> MalformedBody:
    """Return the error about a field. Leave out the field's name if it cannot be displayed."""
    if not name or UNSTORABLE_CHARACTERS.search(name):
        return MalformedBody(message)
    return MalformedBody("The body is not valid.", fields={AsSent(name[:100]): [message]})


def too_deep() -> MalformedBody:
    """Return the error for a body with more than MAX_DEPTH levels."""
    return MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
