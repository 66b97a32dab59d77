"""Lists without pages: responses that need little memory, however many rows there are."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from core.compiled_rows import ShapedRows, in_columns
from core.deadlines import request_clock

from .cursors import Position, rows_beyond

ROWS_IN_CHUNK = 250  # more than an organization has open invitations by default, and few enough for a quick first byte

#: A function that returns rows as a list of JSON values.
Representation = Callable[[list[Any]], Any]


def list_response(view: APIView, rows: QuerySet | ShapedRows, represent: Representation) -> HttpResponseBase:
    """Return all rows, newest first. If they are many, read and send them in chunks.

    The view has checked the caller's permissions. Each chunk is a separate statement, outside of a transaction, so a
    slow client keeps no transaction open. Rows that change during the response may be missing.
    """
    represent, chunks = in_this_language(represent), newest_chunks(rows)
    first = next(chunks)
    if len(first) < ROWS_IN_CHUNK:
        return Response(represent(first))
    body = streamed_list(empty_list(view), represent(first), chunks, represent)
    return StreamingHttpResponse(body, content_type="application/json")


def stream_value(view: APIView, pieces: Iterator[str]) -> HttpResponseBase:
    """Return a response with one JSON value, which comes in pieces. The view has checked the caller's permissions."""
    head, tail = empty_list(view).split(b"[]", 1)
    return StreamingHttpResponse(streamed_value(head, pieces, tail), content_type="application/json")


def streamed_value(head: bytes, pieces: Iterator[str], tail: bytes) -> Iterator[bytes]:
    """Yield the body of a response around a value. The value may take longer than a request may otherwise take."""
    request_clock.end_deadline()
    yield head
    for piece in pieces:
        yield piece.encode()
    yield tail


def in_this_language(represent: Representation) -> Representation:
    """Return the function with the language of now. The server reads chunks after that is no longer active."""
    language = translation.get_language()

    def represent_in_language(rows: list[Any]) -> Any:
        with translation.override(language):
            return represent(rows)

    return represent_in_language


def newest_chunks(rows: QuerySet | ShapedRows) -> Iterator[list[Any]]:
    """Yield the rows in chunks, the newest first. The last chunk is shorter than the others, or empty."""
    position, size = None, ROWS_IN_CHUNK
    while size == ROWS_IN_CHUNK:
        chunk = list(in_columns(rows_beyond(rows, "created_at", position, descending=True))[:ROWS_IN_CHUNK])
        size = len(chunk)
        position = Position(chunk[-1].created_at, chunk[-1].pk) if chunk else None
        yield chunk
        del chunk  # so that two chunks are never in memory


def streamed_list(empty: bytes, first: Any, others: Iterator[list[Any]], represent: Representation) -> Iterator[bytes]:
    """Yield the body of a list: the body of an empty list, filled with the first rows and the other chunks.

    If reading fails, the exception ends the body early, and the server cuts the connection.
    """
    head, tail = empty.split(b"[]", 1)
    yield head + b"[" + json_items(first)
    request_clock.end_deadline()
    for items in (json_items(represent(chunk)) for chunk in others if chunk):
        yield b"," + items
    yield b"]" + tail


def empty_list(view: APIView) -> bytes:
    """Return the body of a response with an empty list."""
    request: Any = view.request
    context = {**view.get_renderer_context(), "response": Response([])}
    body: bytes = request.accepted_renderer.render([], request.accepted_media_type, context)
    return body


def json_items(values: list[Any]) -> bytes:
    """Return values as JSON, separated by commas."""
    return bytes(JSONRenderer().render(values))[1:-1]
