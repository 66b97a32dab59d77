"""Send one webhook, and read what is needed of the response.

Everything together has one deadline that a slow server cannot extend, and the response has a maximum size. Redirects
are responses like any other: they are not followed.
"""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from io import BufferedReader, RawIOBase
from typing import Any

from core.logs import redact
from core.text import UNSAFE_IN_A_LINE
from webhooks.targets import IPAddress, Target, TargetRefused, parse_target, resolve

SECONDS = 10.0  # the deadline, from the question to the name server to the end of the response
MAX_RESPONSE = 64 * 1024  # bytes, with the headers
MAX_ADDRESSES = 4  # of a host, to which the service tries to connect
LINE_LENGTH = 200
SECONDS_TO_WAIT = re.compile(r"[0-9]{1,9}")
USER_AGENT = "PerfectWorks-Webhooks/1"


@dataclass(frozen=True)
class Reply:
    """How a receiver responded. ``status`` is None if there was no response, and ``line`` then says why.

    Otherwise ``line`` is the first line of the body. The rest is never kept: with it, a response from inside a network
    could be read. ``seconds`` is the duration. ``retry_after`` is the time that the receiver asks for.
    """

    status: int | None
    line: str
    seconds: float
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Whether the receiver has accepted the webhook: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


class _ResponseTooLarge(OSError):
    pass


def send(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """POST the body to the URL, and return the reply. Raises nothing that a receiver or its network could cause."""
    exchange = _Exchange(time.monotonic() + SECONDS)
    try:
        response, line = exchange.post(parse_target(url), {**headers, "User-Agent": USER_AGENT}, body)
    except (OSError, http.client.HTTPException, TargetRefused) as error:
        return Reply(None, _reason(error), exchange.seconds())
    return Reply(
        response.status, line, exchange.seconds(), retry_after(response.headers.get("Retry-After", "").strip())
    )


def retry_after(value: str) -> timedelta | None:
    """Return how long to wait by a header `Retry-After`: seconds, or a date of HTTP (RFC 9110, section 10.2.3).

    None if it is neither, or if the time has passed.
    """
    try:
        seconds = int(value) if SECONDS_TO_WAIT.fullmatch(value) else _seconds_until(value[:64])
    except (ValueError, OverflowError):
        return None
    return timedelta(seconds=seconds) if seconds > 0 else None


def _seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


class _Exchange:
    """One request and its response, before a deadline."""

    def __init__(self, deadline: float) -> None:
        self.started = time.monotonic()
        self.deadline = deadline

    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> tuple[http.client.HTTPResponse, str]:
        """Return the response, and the first line of its body."""
        with (
            self._connected(target) as stream,
            closing(http.client.HTTPConnection(target.host, target.port)) as connection,
        ):
            connection.sock = stream  # it has the methods that a request needs
            connection.request("POST", target.path, body, {"Host": target.authority, "Connection": "close", **headers})
            response = connection.getresponse()
            return response, _first_line(response)

    @contextmanager
    def _connected(self, target: Target) -> Iterator["_BoundedStream"]:
        """Resolve the host once, and connect to one of the addresses that were checked."""
        with self._connect(target) as plain:
            if not target.is_https:
                yield _BoundedStream(self, plain)
                return
            plain.settimeout(self.seconds_left())
            with tls_context().wrap_socket(plain, server_hostname=target.host) as encrypted:
                yield _BoundedStream(self, encrypted)

    def _connect(self, target: Target) -> socket.socket:
        addresses = resolve(target, seconds=self.seconds_left())[:MAX_ADDRESSES]
        failure = OSError("the name of the host has no address")
        for place, address in enumerate(addresses):
            share = self.seconds_left() / (len(addresses) - place)
            try:
                return _connect_to(address, target.port, share)
            except OSError as error:
                failure = error
        raise failure


def _connect_to(address: IPAddress, port: int, seconds: float) -> socket.socket:
    """Connect to this very address, without another question to a name server."""
    connected = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connected.settimeout(seconds)
        connected.connect((str(address), port))
    except BaseException:
        connected.close()
        raise
    return connected


class _BoundedStream:
    """A socket for `http.client` on which the deadline and the maximum size of the response apply."""

    def __init__(self, exchange: _Exchange, connected: socket.socket) -> None:
        self.exchange, self.connected = exchange, connected

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self.connected.settimeout(self.exchange.seconds_left())
            rest = rest[self.connected.send(rest) :]

    def makefile(self, mode: str) -> BufferedReader:
        return BufferedReader(_BoundedReader(self))

    def close(self) -> None:
        """Leave the socket open, because `http.client` closes it before the body is read. ``_connected`` closes it."""


class _BoundedReader(RawIOBase):
    """Read from the socket. The deadline is for all reads together, not for each one."""

    def __init__(self, stream: _BoundedStream) -> None:
        self.stream = stream
        self.left = MAX_RESPONSE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.left:
            raise _ResponseTooLarge(f"the response has more than {MAX_RESPONSE} bytes")
        self.stream.connected.settimeout(self.stream.exchange.seconds_left())
        count = self.stream.connected.recv_into(memoryview(buffer)[: self.left])
        self.left -= count
        return count


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the settings of TLS: the certificates that the system trusts, and the host's name must be in it."""
    return ssl.create_default_context()


def _first_line(response: http.client.HTTPResponse) -> str:
    """Return the first line of the body. If the body is too long or too slow, the status counts all the same."""
    received = b""
    try:
        while b"\n" not in received and len(received) < LINE_LENGTH * 4 and (part := response.read1(LINE_LENGTH * 4)):
            received += part
    except (OSError, http.client.HTTPException):
        pass
    lines = received.decode(errors="replace").strip().splitlines()
    return kept_line(lines[0]) if lines else ""


def kept_line(text: str) -> str:
    """Return one line of visible characters without secrets, as the ledger keeps it."""
    return redact(UNSAFE_IN_A_LINE.sub("", " ".join(text.split())))[:LINE_LENGTH]


def _reason(error: Exception) -> str:
    """Return why there is no response, as people read it."""
    if isinstance(error, TimeoutError):
        return f"No response within {SECONDS:.0f} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return kept_line(f"The certificate is not valid: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return kept_line(f"TLS failed: {error.reason or error}")
    if isinstance(error, OSError):
        return kept_line(f"No connection: {error.strerror or error}")
    if isinstance(error, http.client.HTTPException):
        return kept_line(f"The response is not HTTP: {type(error).__name__}")
    return kept_line(str(error))
