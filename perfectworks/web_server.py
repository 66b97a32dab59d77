"""The HTTP server: waitress, with our limits, deadlines and error responses.

One event loop reads the requests and writes the responses of all connections. A thread gets a request only when all of
it has arrived, so a slow client keeps no thread busy. Only a response of more than 16 MB waits for its client.
"""

import contextlib
import logging
import socket
import struct
import time
from io import BytesIO
from typing import Any
from urllib.parse import quote

from django.conf import settings
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from core.request_context import CONTEXT_KEY, RequestContext, within
from perfectworks.web_requests import MAX_LARGE_BODY, RequestParser

access_log = logging.getLogger("perfectworks.access")

MAX_CONNECTIONS = 2000  # of each process
MAX_ACCEPTED_AT_ONCE = 100
# Higher than the application's own limits, so that the application rejects an overlong credential itself.
MAX_HEADER_BYTES = 32_768
MAX_BUFFERED_IN_MEMORY = 65_536  # bytes of each body; the rest is in a temporary file
SECONDS_WITHOUT_REQUEST = 75  # longer than proxies keep their connections
SECONDS_TO_DRAIN = 5
SECONDS_FOR_CHUNK = 30  # in which a client must make room for the next part of a long response
SECONDS_BETWEEN_CHECKS = 5
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: discard what is not sent, and reset the connection
LIVENESS_PATH = "/healthz/live"
PATH_CHARACTERS = "/:@!$&'()*+,;=~"  # that a URL need not encode


class RequestTask(WSGITask):
    """The response of the application to a request."""

    body_bytes = 0

    def service(self) -> None:
        """Run the application, then write a line of the access log."""
        try:
            super().service()
        finally:
            self.log()

    def execute(self) -> None:
        """Run the application, and send what it returns. If it fails after the headers, the response is cut."""
        try:
            super().execute()
        except Exception:
            self.channel.is_cut = self.wrote_header
            raise

    def log(self) -> None:
        """Write a line of the access log. The path has no query string. Its encoding is normalized for `redact`."""
        context = (self.environ or {}).get(CONTEXT_KEY) or RequestContext()
        fields = {
            "method": self.request.command,
            "route": context.route,
            "path": quote(self.request.path.encode("latin-1"), safe=PATH_CHARACTERS),
            "status": int(self.status.split()[0]),
            "duration_ms": round((time.time() - self.start_time) * 1000, 1),
            "database_ms": round(context.database_seconds * 1000, 1),
            "statements": context.statements,
            "bytes": max(self.body_bytes, self.content_length or 0),
        }
        with within(context):
            access_log.info("request cut" if self.channel.is_cut else "request", extra=fields)

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
    is_cut = False
    draining_since: float | None = None
    writing_since: float | None = None

    def service(self) -> None:
        """Respond to a request. This runs in a thread."""
        self.is_refused = self.requests[0].error is not None
        super().service()

    def received(self, data: bytes) -> bool:
        """Take some bytes. Ignore them after a refusal."""
        return self.draining_since is None and super().received(data)

    def write_soon(self, data: Any) -> int:
        """Send a part of a response. While too much of it waits for the client, the thread waits too."""
        self.writing_since = time.monotonic()
        try:
            sent: int = super().write_soon(data)
            return sent
        finally:
            self.writing_since = None

    def is_stalled(self) -> bool:
        """Return whether a thread waits for this client to read, and has waited long enough."""
        since = self.writing_since
        return since is not None and time.monotonic() - since > SECONDS_FOR_CHUNK

    def cut(self) -> None:
        """Close the connection at once, in the middle of its response."""
        self.is_cut = True
        self.handle_close()

    def handle_close(self) -> None:
        """Close the connection. After a refusal, wait until the client has sent all.

        If a socket is closed while bytes arrive, the client's system discards the response (RFC 9112, section 9.6).
        A response that was cut ends with a reset, because in HTTP/1.0 a closed connection is the end of the response.
        """
        if self.is_cut:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
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

        They get no response, because a thousand such responses at once would keep others waiting. Cut a response if a
        thread waits too long for its client to read.
        """
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            channel.will_close = channel.will_close or channel.is_late()
            if channel.is_stalled():
                channel.cut()


def server_settings(server_name: str) -> Adjustments:
    """Return the settings of waitress."""
    return Adjustments(
        ident="",  # no Server header
        server_name=server_name,
        connection_limit=MAX_CONNECTIONS,
        channel_timeout=SECONDS_WITHOUT_REQUEST,
        cleanup_interval=SECONDS_BETWEEN_CHECKS,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_LARGE_BODY + 1,
        inbuf_overflow=MAX_BUFFERED_IN_MEMORY,
        outbuf_overflow=MAX_BUFFERED_IN_MEMORY,
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
