"""Reading JSON bodies strictly (RFC 8259, and RFC 7493 where that leaves a choice): one meaning or a 4xx.

Forms, which some vendors' clients send, are held to the same.
"""

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
UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")

Document = dict[str, Any]


class MalformedBody(Invalid):
    """The body is not one JSON object in UTF-8 with one meaning."""

    message = "The body must be a JSON object."


class StrictJSONParser(BaseParser):
    """Parse a JSON object; refuse whatever two programs could read differently, and whatever no database can hold."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Document:
        """Raises UnsupportedMediaType (charset), RequestDataTooBig, MalformedBody."""
        refuse_other_charsets(media_type or "")
        return parse_document(read_all(stream))


class StrictFormParser(FormParser):
    """Parse a form, for vendors whose clients send some, as strictly: each name once, nothing unspeakable."""

    def parse(  # type: ignore[override]
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Document:
        """Raises UnsupportedMediaType (charset), RequestDataTooBig, MalformedBody."""
        refuse_other_charsets(media_type or "")
        try:
            text = read_all(stream).decode()
        except UnicodeDecodeError as error:
            raise MalformedBody("The body must be valid UTF-8.") from error
        return document_of_form(QueryDict(text))


class StrictMultiPartParser(MultiPartParser):
    """Parse a form in parts, as browsers send it: as strict as `StrictFormParser`, and without files."""

    def parse(  # type: ignore[override]
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Document:
        """Raises RequestDataTooBig, MalformedBody."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise RequestDataTooBig
        form = super().parse(stream, media_type, parser_context)
        if form.files:
            raise field_problem(next(iter(form.files)), "Files are not taken here.")
        return document_of_form(form.data)


def document_of_form(form: QueryDict) -> Document:
    """The fields of a form as an object. Raises MalformedBody."""
    document = without_duplicates([(name, value) for name, values in form.lists() for value in values])
    refuse_unspeakable(document)
    return document


def refuse_other_charsets(media_type: str) -> None:
    """Raise UnsupportedMediaType for a charset parameter that names another encoding than UTF-8."""
    _, parameters = parse_header_parameters(media_type)
    if parameters.get("charset", "utf-8").strip().lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, "JSON is read as UTF-8 only.")


def read_all(stream: IO[bytes]) -> bytes:
    """Read the body, which REST framework hands over as a stream, within the limit Django sets for others."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    content = stream.read(limit + 1) if limit is not None else stream.read()
    if limit is not None and len(content) > limit:
        raise RequestDataTooBig
    return content


def parse_document(content: bytes) -> Document:
    """Parse one JSON object with every rule of this module. Raises MalformedBody, naming the field where it can."""
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
    refuse_unspeakable(document)
    return document


def without_duplicates(pairs: list[tuple[str, Any]]) -> Document:
    """Make an object of its pairs. Raises MalformedBody that names what occurs twice."""
    document = dict(pairs)
    if len(document) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise field_problem(twice, "This name occurs more than once.")
    return document


def number(spelling: str, kind: type[int] | type[float]) -> int | float:
    """Read a number that a database could hold. Raises MalformedBody."""
    if len(spelling) > MAX_NUMBER_LENGTH:
        raise MalformedBody("A number is too long.")
    value = kind(spelling)
    if value in (float("inf"), float("-inf")):
        raise MalformedBody("A number is too large.")
    return value


def no_number(spelling: str) -> None:
    """Refuse NaN and the infinities, which Python reads and JSON does not have."""
    raise MalformedBody(f"{spelling} is not a JSON value.")


DECODER = json.JSONDecoder(
    object_pairs_hook=without_duplicates,
    parse_int=lambda spelling: number(spelling, int),
    parse_float=lambda spelling: number(spelling, float),
    parse_constant=no_number,
)


def refuse_unspeakable(document: Document) -> None:
    """Walk the document a level at a time; refuse NUL and lone surrogates anywhere, and more levels than DEEPEST."""
    level: list[tuple[str, Any]] = [("", document)]
    for _ in range(MAX_DEPTH):
        level = [child for path, value in level for child in children(path, value)]
    if any(isinstance(value, dict | list) for _, value in level):
        raise too_deep()
    for path, value in level:
        refuse_unspeakable_text(path, value)


def children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Go through what a value contains, with its path; texts are checked on the way."""
    if isinstance(value, dict):
        for name, inner in value.items():
            refuse_unspeakable_text(path, name)
            yield (f"{path}.{name}" if path else name), inner
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield f"{path}.{index}", inner
    else:
        refuse_unspeakable_text(path, value)


def refuse_unspeakable_text(path: str, value: Any) -> None:
    """Raise MalformedBody for NUL and lone surrogates."""
    found = UNSPEAKABLE.search(value) if isinstance(value, str) else None
    if found:
        raise field_problem(path, f"The character U+{ord(found[0]):04X} is not allowed.")


def field_problem(name: str, message: str) -> MalformedBody:
    """Name a field as the client sent it, unless its name is the trouble."""
    if not name or UNSPEAKABLE.search(name):
        return MalformedBody(message)
    return MalformedBody("The body has a fault.", fields={AsSent(name[:100]): [message]})


def too_deep() -> MalformedBody:
    """Make the error for more levels than DEEPEST."""
    return MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
