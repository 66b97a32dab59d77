"""The HTTP server: waitress, with our limits, deadlines and error responses.

One event loop reads the requests and writes the responses of all connections. A thread gets a request only when all of
it has arrived, so a slow client never holds a thread.
"""

import contextlib
import logging
import re
import socket
import time
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from django.conf import settings
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, RequestHeaderFieldsTooLarge

access_log = logging.getLogger("perfectworks.access")

MAX_CONNECTIONS = 2000  # of each process
MAX_ACCEPTED_AT_ONCE = 100
MAX_START_LINE = 8190  # bytes
# Higher than the application's own limits, so that the application rejects an overlong credential itself.
MAX_HEADER_BYTES = 32_768
MAX_HEADER_FIELDS = 100
MAX_BUFFERED_IN_MEMORY = 65_536  # bytes of each body; the rest is in a temporary file
SECONDS_FOR_REQUEST = 30  # from its first byte to its last
SECONDS_WITHOUT_REQUEST = 75  # longer than proxies keep their connections
SECONDS_TO_DRAIN = 5
SECONDS_BETWEEN_CHECKS = 5
LIVENESS_PATH = "/healthz/live"
PATH_CHARACTERS = "/:@!$&'()*+,;=~"  # that a URL need not encode

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
START_LINE = re.compile(TOKEN + rb" [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]")
PATH = re.compile(TOKEN + rb" (?:https?://[^\x00-\x20/?#]*)?(?P<path>/[^\x00-\x20?#]*)")
HEADER_LINE = re.compile(rb"(" + TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*)")


class UriTooLong(BadRequest):
    """The request line is too long."""

    code = 414
    reason = "URI Too Long"


class LengthRequired(BadRequest):
    """The body has no Content-Length."""

    code = 411
    reason = "Length Required"


class RequestParser(HTTPRequestParser):
    """One request, while it arrives. ``error`` is set if the request is refused before the application sees it."""

    error: BadRequest | None = None
    start_line = b""
    command, request_uri, path, query = "GET", "", "", ""
    url_scheme = "http"

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.started = time.monotonic()

    def received(self, data: bytes) -> int:
        """Take some bytes of the request. Return how many belong to it."""
        if not self.headers_finished:
            head = (self.header_plus + data).lstrip(b"\r\n")
            self.start_line = head[: MAX_START_LINE + 1].partition(b"\r\n")[0]
        consumed = len(data) if len(self.start_line) > MAX_START_LINE else super().received(data)
        self.error = self.error or self.own_error()
        if self.error:
            self.completed, self.expect_continue = True, False
        return consumed

    def own_error(self) -> BadRequest | None:
        """Return the error of a request that waitress would accept."""
        if len(self.start_line) > MAX_START_LINE:
            return UriTooLong("")
        if self.headers_finished and len(self.headers) > MAX_HEADER_FIELDS:
            return RequestHeaderFieldsTooLarge("")
        return LengthRequired("") if self.chunked else None

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head of the request. Raises ParsingError.

        The patterns of waitress need quadratic time for some lines, and the whole process would wait. So they get only
        lines that a linear pattern has accepted.
        """
        if not self.start_line:
            return
        try:
            super().parse_header(plain_head(header_plus))
        except ValueError as error:  # a URL with an invalid host, a length with thousands of digits
            raise ParsingError(str(error)) from error

    def is_late(self) -> bool:
        """Return whether the client has had enough time to send this request."""
        return time.monotonic() - self.started > SECONDS_FOR_REQUEST

    def path_of_start_line(self) -> str:
        """Return the path as WSGI represents it. The request need not be valid."""
        found = PATH.match(self.start_line)
        return unquote_to_bytes(found["path"] if found else b"/").decode("latin-1")


def plain_head(head: bytes) -> bytes:
    """Return the start line and the headers without spaces around values. Raises ParsingError for invalid lines."""
    start_line, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    fields = [HEADER_LINE.fullmatch(line) for line in lines]
    if not START_LINE.fullmatch(start_line) or None in fields:
        raise ParsingError("The head of the request is malformed.")
    pairs = [field.groups() for field in fields if field]
    return b"\r\n".join([start_line, *(name + b": " + value.strip(b" \t") for name, value in pairs), b""])


class RequestTask(WSGITask):
    """The response of the application to a request."""

    body_bytes = 0

    def service(self) -> None:
        """Run the application, then write a line of the access log."""
        try:
            super().service()
        finally:
            self.log()

    def log(self) -> None:
        """Write a line of the access log. The path has no query string. Its encoding is normalized for `redact`."""
        path = quote(self.request.path.encode("latin-1"), safe=PATH_CHARACTERS)
        status, milliseconds = self.status.split()[0], (time.time() - self.start_time) * 1000
        size = max(self.body_bytes, self.content_length or 0)
        values = (self.request.command, path, status, size, milliseconds)
        access_log.info("%s %s %s %s bytes %.0f ms", *values)

    def write(self, data: bytes) -> None:
        """Send a part of the response. The response to HEAD has headers only."""
        self.body_bytes += len(data)
        if self.request.command != "HEAD":
            return super().write(data)
        super().write(b"")
        self.chunked_response = False
        return None


class RefusedTask(RequestTask):
    """The response to a request that the server refused. The application chooses its words, as for other errors."""

    environ: dict[str, Any] | None = None

    def execute(self) -> None:
        """Run the application. If the application itself has failed, send a fixed text."""
        self.set_close_on_finish()
        if self.request.error.code == 500:
            self.complete = True
            ErrorTask.execute(self)
        else:
            super().execute()

    def get_environment(self) -> dict[str, Any]:
        """Return the environment of a request for the same path, without a body."""
        # Gunicorn imports this module before Django's settings are loaded.
        from core.refused_requests import REFUSED_STATUS

        if self.environ is None:
            self.request.path = self.request.path_of_start_line()
            self.environ = super().get_environment() | {
                REFUSED_STATUS: self.request.error.code,
                "wsgi.input": BytesIO(),
                "wsgi.url_scheme": "https" if settings.HTTPS else "http",
                "CONTENT_LENGTH": "",
            }
        return self.environ


class RequestChannel(HTTPChannel):
    """A connection."""

    parser_class = RequestParser
    task_class = RequestTask
    error_task_class = RefusedTask
    is_refused = False
    draining_since: float | None = None

    def service(self) -> None:
        """Respond to a request. This runs in a thread."""
        self.is_refused = self.requests[0].error is not None
        super().service()

    def received(self, data: bytes) -> bool:
        """Take some bytes. Ignore them after a refusal."""
        return self.draining_since is None and super().received(data)

    def handle_close(self) -> None:
        """Close the connection. After a refusal, wait until the client has sent all.

        If a socket is closed while bytes arrive, the client's system discards the response (RFC 9112, section 9.6).
        """
        if not self.is_refused or self.draining_since is not None:
            return super().handle_close()
        self.draining_since, self.will_close = time.monotonic(), False
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        return None

    def is_late(self) -> bool:
        """Return whether the request that is arriving, or the rest of a refused one, has taken too long."""
        if self.draining_since is not None:
            return time.monotonic() - self.draining_since > SECONDS_TO_DRAIN
        return self.request is not None and self.request.is_late()

    def is_busy(self) -> bool:
        """Return whether a complete request waits for its response, or a response for its client."""
        return bool(self.requests or self.total_outbufs_len)


class WebServer(TcpWSGIServer):
    """A listening socket with its connections."""

    channel_class = RequestChannel

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.liveness_thread = ThreadedTaskDispatcher()
        self.liveness_thread.set_thread_count(1)

    def add_task(self, task: RequestChannel) -> None:
        """Give a complete request to a thread. The liveness check has its own, so it never waits for other requests."""
        is_check = task.requests[0].path == LIVENESS_PATH
        (self.liveness_thread if is_check else self.task_dispatcher).add_task(task)

    def stop_threads(self, timeout: float) -> None:
        """Stop the threads when their requests are finished, or after some seconds."""
        self.task_dispatcher.shutdown(timeout=timeout)
        self.liveness_thread.shutdown(timeout=timeout)

    def handle_accept(self) -> None:
        """Accept the connections that wait. Waitress accepts one, and then asks all others whether they are ready."""
        for _ in range(MAX_ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before or not self.readable():
                break

    def maintenance(self, now: float) -> None:
        """Close connections without activity, and those whose request takes too long to arrive.

        They get no response, because a thousand such responses at once would keep others waiting.
        """
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_late():
                channel.will_close = True


def server_settings(server_name: str) -> Adjustments:
    """Return the settings of waitress."""
    return Adjustments(
        ident="",  # no Server header
        server_name=server_name,
        connection_limit=MAX_CONNECTIONS,
        channel_timeout=SECONDS_WITHOUT_REQUEST,
        cleanup_interval=SECONDS_BETWEEN_CHECKS,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1,
        inbuf_overflow=MAX_BUFFERED_IN_MEMORY,
        asyncore_use_poll=True,  # select() cannot watch more than 1024 connections
        log_socket_errors=False,
        clear_untrusted_proxy_headers=settings.ALLAUTH_TRUSTED_PROXY_COUNT == 0,
    )


def serve_on(listener: socket.socket, application: Any, threads: int, channels: dict[int, Any]) -> WebServer:
    """Return a server for a socket that listens. It adds its connections to ``channels``, which `wasyncore` polls."""
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    return WebServer(
        application,
        channels,
        _sock=listener,
        dispatcher=dispatcher,
        adj=server_settings(server_name=listener.getsockname()[0]),
        bind_socket=False,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
    )


def wait_and_serve(channels: dict[int, Any]) -> None:
    """Wait up to a second for something to read or write, then read and write."""
    wasyncore.loop(timeout=1, use_poll=True, map=channels, count=1)
