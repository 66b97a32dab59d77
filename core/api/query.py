"""Strict validation of the query and the headers.

If a request does not match the declaration of its operation, the response is 400.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest

from core.errors import Invalid

from .filters import StrictFilterSet
from .names import AsSent
from .parameters import Fields, read_fields

MAX_PARAMETERS = 100
MAX_NAME_LENGTH = 100

Schema = dict[str, Any]


def object_schema(**properties: Schema) -> Schema:
    """Return the JSON Schema of an object with these required properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


class InvalidQuery(Invalid):
    """A query parameter is unknown, repeated or not valid."""

    message = "Some query parameters are not valid."


class InvalidHeader(Invalid):
    """A header that the operation reads is not valid."""

    message = "Some headers are not valid."


def read_query(
    request: HttpRequest, fields: Fields, filterset: type[StrictFilterSet] | None = None, *, refuse_unknown: bool = True
) -> tuple[dict[str, Any], StrictFilterSet | None]:
    """Return the values of all fields and filters, and the FilterSet.

    A parameter that was not sent has its default value. Raises InvalidQuery, which names every parameter that is
    unknown, repeated, missing or not valid.
    """
    names = [*(filterset.base_filters if filterset else ()), *fields]
    pairs = [pair for pair in pairs_of(request) if refuse_unknown or pair[0] in names]
    sent = dict(pairs)
    values, faults = read_fields(sent, fields)
    filters = None
    if filterset:
        filters = filterset({name: sent[name] for name in filterset.base_filters if name in sent}, request=request)
        values, faults = filters.values | values, filters.faults | faults
    faults |= dict(refused_names([name for name, _ in pairs], names))
    if faults:
        raise InvalidQuery(fields=faults)
    return values, filters


def read_headers(request: HttpRequest, fields: Fields) -> dict[str, Any]:
    """Return the values of all declared headers. Ignore other headers.

    A header that was not sent has its default value. Raises InvalidHeader, which names every declared header that is
    not valid.
    """
    sent = {name: request.headers[name] for name in fields if name in request.headers}
    values, faults = read_fields(sent, fields)
    if faults:
        raise InvalidHeader(fields={AsSent(name): messages for name, messages in faults.items()})
    return values


def refused_names(sent: Sequence[str], declared: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each name that is not declared or is sent twice, with its messages."""
    for name in sent:
        if name not in declared:
            yield AsSent(name[:MAX_NAME_LENGTH]), ["This parameter is unknown."]
        elif sent.count(name) > 1:
            yield name, ["This parameter must not be repeated."]


def pairs_of(request: HttpRequest) -> list[tuple[str, str]]:
    """Decode the query string as UTF-8. Raises InvalidQuery for invalid bytes, which Django would replace."""
    query_string = request.META.get("QUERY_STRING", "")
    try:
        # In WSGI, the bytes are decoded as Latin-1 (PEP 3333).
        text = query_string.encode("latin-1").decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise InvalidQuery("The query is not valid UTF-8, or it is too long.") from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise InvalidQuery("The query must not contain NUL characters.")
    return pairs
