"""Test the lists without pages: long ones are read and sent in chunks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.db import OperationalError, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.api import streaming
from core.deadlines import StatementLimit, request_clock
from invitations.models import Invitation
from tests.dialects.speakers import SPEAKERS, Speaker
from tests.dialects.world import World
from tests.support.queries import query_summaries
from tests.support.request_ids import headers_without_request_id

ROWS = "SELECT invitations_invitation"

every_stream = pytest.mark.parametrize(
    "speaker", [one for one in SPEAKERS if not one.pages and not one.everything], ids=["wacht", "zenml"]
)


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chunk have two rows."""
    monkeypatch.setattr(streaming, "ROWS_IN_CHUNK", 2)


def chunks_of(response: Any) -> Iterator[bytes]:
    assert response.streaming
    return iter(response.streaming_content)


def headers_without_length(response: Any) -> dict[str, str]:
    return {name: value for name, value in headers_without_request_id(response).items() if name != "Content-Length"}


@every_stream
@pytest.mark.parametrize("count", [1, 2, 3, 4, 11])
def test_chunks_are_together_the_bytes_of_the_whole_list(world: World, speaker: Speaker, monkeypatch, count: int):
    speaker.hold(world, count)
    whole = speaker.ask(world)
    monkeypatch.setattr(streaming, "ROWS_IN_CHUNK", 2)
    response = speaker.ask(world)

    assert (whole.streaming, response.streaming) == (False, count >= 2)
    assert response.getvalue() == whole.content
    assert headers_without_length(response) == headers_without_length(whole)
    assert whole["Content-Length"] == str(len(whole.content))


@every_stream
def test_all_chunks_are_in_the_language_of_the_request(world: World, speaker: Speaker, monkeypatch):
    speaker.hold(world, 5)
    Invitation.objects.update(inviter=None, inviter_name="")
    whole = speaker.ask(world).content
    monkeypatch.setattr(streaming, "ROWS_IN_CHUNK", 2)
    response = speaker.ask(world)

    with translation.override("de"):
        assert response.getvalue() == whole


@every_stream
def test_each_chunk_is_read_when_it_is_needed_and_outside_of_a_transaction(world: World, speaker: Speaker, pairs: None):
    speaker.hold(world, 5)
    depths = []

    def note_depth(execute: Any, *statement: Any) -> Any:
        depths.append(len(connection.savepoint_ids))
        return execute(*statement)

    with CaptureQueriesContext(connection) as captured, connection.execute_wrapper(note_depth):
        chunks = chunks_of(speaker.ask(world))
        for read in (1, 1, 2, 3):
            assert query_summaries(captured).count(ROWS) == read
            next(chunks)
        assert list(chunks) == []
    assert set(depths) == {len(connection.savepoint_ids)}


@every_stream
def test_a_request_for_the_headers_reads_one_chunk(world: World, speaker: Speaker, pairs: None):
    """Without the test client, which never reads such a body."""
    speaker.hold(world, 5)
    handler = BaseHandler()
    handler.load_middleware()
    request = RequestFactory().head(speaker.list(), headers=speaker.headers(world, speaker.reader))

    with CaptureQueriesContext(connection) as captured:
        body = b"".join(handler.get_response(request))

    assert body == b""
    assert query_summaries(captured).count(ROWS) == 1


@every_stream
def test_a_failure_between_chunks_ends_the_body_with_the_exception(world: World, speaker: Speaker, pairs: None):
    speaker.hold(world, 5)
    chunks = chunks_of(speaker.ask(world))
    next(chunks)

    def fail(*_: Any) -> None:
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        next(chunks)


@every_stream
def test_the_deadline_counts_to_the_first_chunk(world: World, speaker: Speaker, pairs: None):
    speaker.hold(world, 5)
    chunks = chunks_of(speaker.ask(world))
    next(chunks)
    request_clock.latest_start = 0

    with connection.execute_wrapper(StatementLimit(30).run):
        assert len(list(chunks)) == 3
    assert request_clock.latest_start > 0
    vars(request_clock).clear()
