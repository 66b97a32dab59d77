"""Test the web server with real sockets: slow clients, requests that it refuses, the access log, stopping."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.wsgi import get_wsgi_application

from core.logs import formatter
from perfectworks import web_requests, web_server
from perfectworks.web_server import WebServer, serve_on, wait_and_serve
from perfectworks.web_worker import allow_open_files
from tests.dialects.speakers import applivery_error, house_error, upsun_error, wacht_error, zenml_error
from tests.perfectworks.test_serve import PROJECT, environment, free_port

HEAD = b"GET /healthz/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def running(application: Any, threads: int = 2) -> Iterator[WebServer]:
    """Serve an application in a thread of this process."""
    channels: dict[int, Any] = {}
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            wait_and_serve(channels)

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        server = serve_on(listener, application, threads, channels)
        loop = threading.Thread(target=run, daemon=True)
        loop.start()
        try:
            yield server
        finally:
            stopped.set()
            server.pull_trigger()
            loop.join(timeout=20)
            server.stop_threads(timeout=5)
            for channel in list(server.active_channels.values()):
                channel.handle_close()
                channel.handle_close()  # the first time, a refused client may finish
            server.close()


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with running(get_wsgi_application()) as server:
        yield server


def connect(server: WebServer, first: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(server.effective_port)), timeout=20)
    connection.sendall(first)
    return connection


def exchange(server: WebServer, request: bytes) -> tuple[HTTPResponse, bytes]:
    """Send raw bytes. Return the response and its body."""
    with closing(connect(server, request)) as connection:
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
        response.close()
        return response, body


def live(server: WebServer) -> int:
    return exchange(server, HEAD + b"\r\n")[0].status


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD + b"X-Slow: ", BODY], ids=["silent", "line", "header", "body"])
def test_clients_that_are_slow_to_send_hold_no_thread(server, sent):
    slow = [connect(server, sent) for _ in range(20)]

    assert live(server) == 200
    for connection in slow:
        connection.close()


def test_the_liveness_check_waits_for_no_other_request():
    released = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] != "/healthz/live":
            released.wait(20)
        start_response("204 No Content", [])
        return []

    with running(application, threads=1) as server, closing(connect(server, b"GET / HTTP/1.1\r\n\r\n")):
        assert live(server) == 204
        assert not released.is_set()
        released.set()


def test_a_client_that_is_slow_to_read_holds_no_thread():
    def application(environ, start_response):
        body = b"a" * (8_000_000 if environ["PATH_INFO"] == "/large" else 1)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    with running(application, threads=1) as server, closing(connect(server, b"GET /large HTTP/1.1\r\n\r\n")):
        assert exchange(server, b"GET / HTTP/1.1\r\n\r\n")[1] == b"a"


@pytest.mark.parametrize("sent", [b"GET /", BODY])
def test_a_request_that_takes_too_long_to_arrive_is_dropped(monkeypatch, sent):
    monkeypatch.setattr(web_requests, "SECONDS_FOR_REQUEST", 0.1)
    monkeypatch.setattr(web_server, "SECONDS_BETWEEN_CHECKS", 0.1)

    with running(get_wsgi_application()) as server, closing(connect(server, sent)) as connection:
        assert connection.recv(1) == b""


def test_a_connection_without_requests_is_closed(monkeypatch):
    monkeypatch.setattr(web_server, "SECONDS_WITHOUT_REQUEST", 0.1)
    monkeypatch.setattr(web_server, "SECONDS_BETWEEN_CHECKS", 0.1)

    with running(get_wsgi_application()) as server, closing(connect(server)) as connection:
        assert connection.recv(1) == b""


# Requests that never reach a view


def house_error_of_any_request(*error: Any) -> Any:
    body = house_error(*error)
    return body | {"error": body["error"] | {"requestId": ANY}}


DIALECTS: dict[str, Callable[..., Any]] = {
    "/api/v0/organizations": house_error_of_any_request,
    "/wacht/organizations": wacht_error,
    "/zenml/invitations": zenml_error,
    "/upsun/organizations": upsun_error,
    "/applivery/v1/organizations": applivery_error,
}
MALFORMED = 400, "bad_request", "The request is malformed."
TOO_LONG = 414, "uri_too_long", "The URL is too long."
LARGE_HEADERS = 431, "headers_too_large", "The headers are too large."
LARGE_BODY = 413, "too_large", "The body is too large."
NO_LENGTH = 411, "length_required", "Length Required."
REFUSED = {
    "space before the colon": (b"POST %s HTTP/1.1\r\nHost : a\r\n\r\n", MALFORMED),
    "folded header": (b"POST %s HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", MALFORMED),
    "control character": (b"POST %s HTTP/1.1\r\nHost: a\x01\r\n\r\n", MALFORMED),
    "HTTP 2": (b"POST %s HTTP/2.0\r\nHost: a\r\n\r\n", MALFORMED),
    "no version": (b"POST %s\r\nHost: a\r\n\r\n", MALFORMED),
    "length of thousands of digits": (b"POST %%s HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"1" * 5000), MALFORMED),
    "two lengths": (b"POST %s HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", MALFORMED),
    "long URL": (b"POST %%s?%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 9000), TOO_LONG),
    "long header": (b"POST %%s HTTP/1.1\r\nA: %s\r\n\r\n" % (b"a" * 40_000), LARGE_HEADERS),
    "many headers": (b"POST %%s HTTP/1.1\r\n%s\r\n" % b"".join(b"A%d: a\r\n" % n for n in range(101)), LARGE_HEADERS),
    "large body": (b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n", LARGE_BODY),
    "large body, announced": (
        b"POST %s HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n",
        LARGE_BODY,
    ),
    "body without a length": (b"POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", NO_LENGTH),
}


@pytest.mark.parametrize(("request_bytes", "error"), REFUSED.values(), ids=REFUSED)
def test_a_refused_request_gets_the_error_of_its_api(server, request_bytes, error):
    for path, error_body in DIALECTS.items():
        response, body = exchange(server, request_bytes % path.encode())

        assert (response.status, response.headers["Content-Type"]) == (error[0], "application/json")
        assert json.loads(body) == error_body(*error, {})
        assert response.headers["Connection"] == "close"


@pytest.mark.parametrize(("request_bytes", "error"), REFUSED.values(), ids=REFUSED)
def test_a_refused_request_for_a_page_gets_a_page(server, request_bytes, error):
    response, body = exchange(server, request_bytes % b"/accounts/login/")

    assert response.status == error[0]
    heading = b"This is too large" if error == LARGE_BODY else b"We couldn't understand this request"
    assert b"<h1>%s</h1>" % heading in body
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("request_bytes", [b"HELLO\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET a b c d\r\n\r\n"])
def test_what_is_no_http_gets_a_page(server, request_bytes):
    assert exchange(server, request_bytes)[0].status == 400


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("organizations/01900000-0000-7000-8000-000000000000/invitations", 9_000_000, 413),
        ("organizations/01900000-0000-7000-8000-000000000000/invitations/bulk", 10 * 1024 * 1024 + 2, 413),
        ("organizations/01900000-0000-7000-8000-000000000000/invitations/bulk", 9_000_000, 401),
        ("/organizations/riverside/invite/many", 10 * 1024 * 1024 + 2, 413),
        ("/organizations/riverside/invite/many", 9_000_000, 403),
        ("/organizations/riverside/invite", 9_000_000, 413),
        ("/admin/orgs/organization/01900000-0000-7000-8000-000000000000/do/invite-many", 9_000_000, 403),
    ],
)
def test_only_lists_of_people_to_invite_may_be_large(server, path, length, status):
    path = path if path.startswith("/") else f"/api/v0/{path}"
    head = f"POST {path} HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
    with closing(connect(server, head.encode())) as client:
        client.sendall(b"a" * length)
        response = HTTPResponse(client)
        response.begin()
        assert response.status == status
        response.close()


def test_the_response_to_a_refused_request_arrives_although_the_client_still_sends(server):
    with closing(connect(server, b"POST /api/v0/organizations HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n")) as client:
        response = HTTPResponse(client)
        response.begin()
        client.sendall(b"a" * 9_000_000)
        client.shutdown(socket.SHUT_WR)

        assert (response.status, json.loads(response.read())["error"]["code"]) == (413, "too_large")
        response.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET a://%s x y\r\n\r\n" % (b"1" * 8000),
        b"GET / HTTP/1.1\r\nA: %s\x01\r\n\r\n" % (b" \t" * 15_000),
        b"GET / HTTP/1.1\r\nA:%sb\r\n\r\n" % (b" " * 30_000),
        b"GET / HTTP/1.1\r\nA: %s\r\n\r\n" % (b"a\r\n " * 7000),
    ],
)
def test_hostile_lines_take_linear_time(server, request_bytes):
    before = time.process_time()
    assert exchange(server, request_bytes)[0].status < 500
    assert time.process_time() - before < 1  # without our own patterns, 8 to 20 seconds


# Requests that are accepted


def test_a_connection_serves_several_requests(server):
    with closing(HTTPConnection("127.0.0.1", int(server.effective_port), timeout=20)) as client:
        for method in ("GET", "HEAD", "GET"):
            client.request(method, "/healthz/live")
            response = client.getresponse()
            assert (response.status, response.headers["Content-Length"]) == (200, "18")
            assert response.read() == (b"" if method == "HEAD" else b'{"status": "live"}')


@pytest.mark.parametrize("request_bytes", [HEAD + b"\r\n", b"GET /healthz/live HTTP/3\r\n\r\n"])
def test_no_response_names_the_server(server, request_bytes):
    response, _ = exchange(server, request_bytes)

    assert response.headers["Server"] is None
    assert response.headers["Via"] is None


@pytest.mark.parametrize(("proxies", "passed"), [(0, None), (1, "192.0.2.7")])
def test_the_headers_of_proxies_are_passed_on_only_if_there_is_one(settings, proxies, passed):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    seen = []

    def application(environ, start_response):
        seen.append(environ.get("HTTP_X_FORWARDED_FOR"))
        start_response("204 No Content", [])
        return []

    with running(application) as server:
        exchange(server, b"GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n")

    assert seen == [passed]


ACCESS_FIELDS = {"method", "route", "path", "status", "duration_ms", "database_ms", "statements", "bytes"}


def access_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = [vars(record) for record in caplog.records if record.name == "perfectworks.access"]
    return [{"event": line["message"]} | {name: line[name] for name in ACCESS_FIELDS} for line in lines]


def test_the_access_log_has_the_path_in_one_encoding_and_no_query(server, caplog):
    with caplog.at_level(logging.INFO, "perfectworks.access"), running(server.application) as another:
        _, body = exchange(another, b"GET /%69/secret%0Atoken/x?key=1 HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    [line] = access_lines(caplog)
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "request",
        "method": "GET",
        "route": "unmatched",
        "path": "/i/secret%0Atoken/x",
        "status": 400,
        "bytes": len(body),
        "database_ms": 0,
        "statements": 0,
    }


def test_the_access_log_names_the_request_and_its_route(server, caplog):
    lines: list[dict[str, Any]] = []
    json_lines = formatter(as_json=True)

    def note(record: logging.LogRecord) -> bool:
        lines.append(json.loads(json_lines.format(record)))
        return True

    caplog.handler.addFilter(note)
    with caplog.at_level(logging.INFO, "perfectworks.access"), running(server.application) as another:
        response, _ = exchange(
            another, b"GET /i/secret HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: from-proxy\r\n\r\n"
        )

    [line] = [line for line in lines if line["logger"] == "perfectworks.access"]
    assert response.headers["X-Request-ID"] == line["request_id"] == "from-proxy"
    assert (line["route"], line["path"]) == ("/i/<str:token>", "/i/[redacted]")


def test_an_application_that_crashes_gets_a_500(caplog):
    def application(environ, start_response):
        raise ValueError("secret")

    with running(application) as server:
        response, body = exchange(server, b"GET / HTTP/1.1\r\n\r\n")

    assert response.status == 500
    assert b"secret" not in body


# Responses in parts


@contextmanager
def serving_parts(parts: Callable[[], Iterator[bytes]]) -> Iterator[WebServer]:
    """Serve a response whose length is not known, with one thread. Every other path but ``/`` gets 204."""

    def application(environ, start_response):
        is_long = environ["PATH_INFO"] == "/"
        start_response("200 OK" if is_long else "204 No Content", [])
        return parts() if is_long else []

    with running(application, threads=1) as server:
        yield server


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("error", [ValueError, ConnectionError])
def test_a_response_that_fails_in_the_middle_is_cut(version, error, caplog):
    def parts():
        yield b"first"
        raise error

    with caplog.at_level(logging.INFO, "perfectworks.access"), serving_parts(parts) as server:
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            exchange(server, b"GET / HTTP/%s\r\n\r\n" % version)
        assert exchange(server, b"GET /next HTTP/1.1\r\n\r\n")[0].status == 204

    [line, _] = access_lines(caplog)
    assert (line["event"], line["status"], line["bytes"]) == ("request cut", 200, 5)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_response_in_parts_that_ends_is_complete(version, caplog):
    with caplog.at_level(logging.INFO, "perfectworks.access"), serving_parts(lambda: iter([b"a", b"b"])) as server:
        assert exchange(server, b"GET / HTTP/%s\r\n\r\n" % version)[1] == b"ab"

    assert caplog.messages[-1] == "request"


def test_a_client_that_does_not_read_is_cut_and_its_thread_is_free(monkeypatch):
    monkeypatch.setattr(web_server, "SECONDS_FOR_CHUNK", 0.1)
    monkeypatch.setattr(web_server, "SECONDS_BETWEEN_CHECKS", 0.1)
    closed = threading.Event()

    def parts():
        try:
            while True:
                yield b"a" * 1_000_000
        finally:
            closed.set()

    with serving_parts(parts) as server, closing(connect(server, b"GET / HTTP/1.1\r\n\r\n")) as client:
        assert closed.wait(20)
        monkeypatch.undo()  # the next request has the usual time
        assert exchange(server, b"GET /next HTTP/1.1\r\n\r\n")[0].status == 204
        with pytest.raises(ConnectionResetError):
            sum(map(len, iter(partial(client.recv, 1_000_000), b"")))


# Processes


def test_a_process_serves_beside_slow_clients_and_finishes_the_requests_that_have_arrived(tmp_path: Path):
    port, fifo = free_port(), tmp_path / "fifo"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "gunicorn", "tests.perfectworks.waiting_application:application"]
    variables = environment(tmp_path) | {"PORT": str(port), "FIFO": str(fifo)}
    variables["DJANGO_SETTINGS_MODULE"] = "perfectworks.settings"
    process = subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, text=True, process_group=0)
    try:
        assert any("Booting worker" in line for line in process.stdout or [])
        idle, client = (HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(2))
        idle.connect()
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for connection in slow:
            connection.sendall(HEAD)
        client.request("GET", "/")
        assert client.getresponse().read() == b"at once"
        client.request("GET", "/wait")
        with fifo.open("w") as answer:  # blocks until the application reads
            process.send_signal(signal.SIGTERM)
            assert idle.sock.recv(1) == b""
            answer.write("finished")
        assert client.getresponse().read() == b"finished"
        assert process.wait(timeout=20) == 0
        idle.close()
        client.close()
        for connection in slow:
            connection.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its workers
        process.communicate()


def test_the_limit_of_open_files_is_raised_as_far_as_permitted(monkeypatch: pytest.MonkeyPatch):
    changed: list[tuple[int, int]] = []
    remember: Callable[[int, tuple[int, int]], None] = lambda _, limits: changed.append(limits)  # noqa: E731
    monkeypatch.setattr("resource.setrlimit", remember)
    for limits in ((1024, 4096), (1024, 2000), (8192, 8192)):
        monkeypatch.setattr("resource.getrlimit", lambda _, limits=limits: limits)
        allow_open_files(3000)

    assert changed == [(3000, 4096), (2000, 2000)]
