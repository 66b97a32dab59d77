"""Test how one webhook is sent: over TLS, to the address that was checked, within the deadline and the maximum size."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.webhooks.test_targets import resolves_to
from webhooks import sending
from webhooks.sending import send

Respond = Callable[[socket.socket], None]
NAME = "hooks.example.com"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LONG_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 99 + b"C: " + b"d" * 65_000


@pytest.fixture(autouse=True)
def receivers_here(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@contextmanager
def receiver(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Accept connections, read each request and respond. Yield the port and the list of requests."""
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                    requests.append(whole_request(stream))
                    respond(stream)
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield listener.getsockname()[1], requests
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


def whole_request(stream: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b'{"a":1}'):
        part = stream.recv(65536)
        if not part:
            break
        received += part
    return received


def responding(text: bytes) -> Respond:
    return lambda stream: stream.sendall(text)


def test_a_request_and_the_reply():
    with receiver(responding(b"HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\n\r\n thanks\nmore")) as (port, requests):
        reply = send(
            f"http://127.0.0.1:{port}/hook?x=1", {"Content-Type": "application/json", "webhook-id": "1"}, b'{"a":1}'
        )

    assert (reply.status, reply.line, reply.is_success) == (202, "thanks", True)
    assert 0 <= reply.seconds < 5
    assert requests == [
        f"POST /hook?x=1 HTTP/1.1\r\nAccept-Encoding: identity\r\nContent-Length: 7\r\nHost: 127.0.0.1:{port}\r\n"
        "Connection: close\r\nContent-Type: application/json\r\nwebhook-id: 1\r\n"
        'User-Agent: PerfectWorks-Webhooks/1\r\n\r\n{"a":1}'.encode()
    ]


@pytest.mark.parametrize(
    ("response", "status", "line"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (CONTINUE + b"HTTP/1.1 200 OK\r\n\r\n\x1b[31mred\x07 token=abc\r\n", 200, "[31mred token=[redacted]"),
        (b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n", 500, "bad"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, 200, "x" * 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nshort", 200, "short"),
        (LONG_HEADERS, None, "No connection: the response has more than 65536 bytes"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None, "The response is not HTTP: BadStatusLine"),
        (b"", None, "No connection: Remote end closed connection without response"),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_response(response: bytes, status: int | None, line: str):
    with receiver(responding(response)) as (port, _):
        reply = send(f"http://127.0.0.1:{port}/", {}, b'{"a":1}')

    assert (reply.status, reply.line) == (status, line)
    assert reply.is_success == (status in (200, 204))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 10, None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("Fri, 31 Feb 2999 23:59:59 GMT", None),
        ("Mon, 01 Jan 2999 00:00:00 +99999999999999999999", None),
        ("soon", None),
        ("", None),
        ("١٢٠", None),
    ],
)
def test_the_receiver_may_name_the_seconds_until_the_next_attempt(value: str, seconds: int | None):
    response = f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\n\r\n".encode()
    with receiver(responding(response)) as (port, _):
        reply = send(f"http://127.0.0.1:{port}/", {}, b'{"a":1}')

    assert reply.status == 503
    assert reply.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("pattern", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_the_receiver_may_name_the_date_of_the_next_attempt(pattern: str):
    later = datetime.now(UTC) + timedelta(hours=3)
    wait = sending.retry_after(later.strftime(pattern))

    assert wait is not None
    assert timedelta(hours=3, seconds=-5) < wait <= timedelta(hours=3)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int):
    with receiver(responding(b"")) as (other, unasked):
        location = f"HTTP/1.1 {status} Elsewhere\r\nLocation: http://127.0.0.1:{other}/\r\n\r\n".encode()
        with receiver(responding(location)) as (port, requests):
            reply = send(f"http://127.0.0.1:{port}/", {}, b'{"a":1}')

    assert (reply.status, reply.is_success, len(requests), unasked) == (status, False, 1, [])


def dripping(beginning: bytes, drip: bytes) -> Respond:
    """Return a receiver that sends something again and again, until the service closes the connection."""

    def respond(stream: socket.socket) -> None:
        stream.sendall(beginning)
        while True:
            stream.sendall(drip)
            threading.Event().wait(0.02)

    return respond


@pytest.mark.parametrize(
    ("drip", "status", "line"),
    [
        (dripping(b"", b"H"), None, "The response is not HTTP: LineTooLong"),
        (dripping(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), None, "No response within 0 seconds"),
        (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), 200, "xxxx"),
        (dripping(b"", CONTINUE), None, "No response within 0 seconds"),
        (lambda stream: stream.recv(1), None, "No response within 0 seconds"),
    ],
    ids=["status line", "headers", "body", "interim responses", "silence"],
)
def test_a_slow_response_does_not_extend_the_deadline(
    monkeypatch: pytest.MonkeyPatch, drip: Respond, status: int | None, line: str
):
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    with receiver(drip) as (port, _):
        started = time.monotonic()
        reply = send(f"http://127.0.0.1:{port}/", {}, b'{"a":1}')
        lasted = time.monotonic() - started

    assert (reply.status, reply.line[: len(line)]) in {(status, line), (None, "No response within 0 seconds")}
    assert lasted < 3


def test_a_slow_name_server_does_not_extend_the_deadline(monkeypatch: pytest.MonkeyPatch):
    responded = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: [][: responded.wait(60)])
    monkeypatch.setattr(sending, "SECONDS", 0.1)

    assert send(f"https://{NAME}/", {}, b"{}").line == "No response within 0 seconds"
    responded.set()


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch):
    def unknown(*args: Any, **options: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert send(f"https://{NAME}/", {}, b"{}").line == "No connection: the name of the host has no address"


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert send(f"http://127.0.0.1:{port}/", {}, b"{}").line == "No connection: Connection refused"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Create a certificate for the name, and let the system trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    sending.tls_context.cache_clear()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    yield served
    sending.tls_context.cache_clear()


def test_the_checked_address_is_used_with_the_name_of_the_host(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
):
    """The name server is asked once. Its second answer, another address, would come too late."""
    names: list[str | None] = []
    certificate.sni_callback = lambda stream, name, context: names.append(name)
    with receiver(responding(b"HTTP/1.1 200 OK\r\n\r\n"), certificate) as (port, requests):
        questions = resolves_to(monkeypatch, ["127.0.0.1"])
        reply = send(f"https://{NAME}:{port}/", {}, b'{"a":1}')

    assert (reply.status, questions, names) == (200, [NAME], [NAME])
    assert f"Host: {NAME}:{port}\r\n".encode() in requests[0]


def test_the_certificate_must_be_for_the_name(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch):
    with receiver(responding(b"HTTP/1.1 200 OK\r\n\r\n"), certificate) as (port, requests):
        resolves_to(monkeypatch, ["127.0.0.1"])
        reply = send(f"https://other.example.com:{port}/", {}, b'{"a":1}')

    assert (reply.status, requests) == (None, [])
    assert reply.line.startswith("The certificate is not valid: Hostname mismatch")


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch):
    with receiver(responding(b"HTTP/1.1 200 OK\r\n\r\n")) as (port, _):
        resolves_to(monkeypatch, ["::1", "127.0.0.1"])  # nobody listens on the first one
        reply = send(f"http://{NAME}:{port}/", {}, b'{"a":1}')

    assert reply.status == 200
