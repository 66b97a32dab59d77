"""Requests while they arrive: their limits, and what is refused before the application sees it."""

import re
import time
from urllib.parse import unquote_to_bytes

from django.conf import settings
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

MAX_START_LINE = 8190  # bytes
MAX_HEADER_FIELDS = 100
MAX_LARGE_BODY = 10 * 1024 * 1024  # bytes of a list of people to invite
SECONDS_FOR_REQUEST = 30  # from its first byte to its last

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
START_LINE = re.compile(TOKEN + rb" [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]")
PATH = re.compile(TOKEN + rb" (?:https?://[^\x00-\x20/?#]*)?(?P<path>/[^\x00-\x20?#]*)")
MAY_BE_LARGE = re.compile(
    r"/api/v0/organizations/[0-9a-fA-F-]{36}/invitations/bulk|/organizations/[a-z0-9-]{1,200}/invite/many"
    r"|/admin/orgs/organization/[0-9a-fA-F-]{36}/do/invite-many",
    re.ASCII,
)
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
        if self.headers_finished and self.content_length > self.max_body():
            return RequestEntityTooLarge("")
        return LengthRequired("") if self.chunked else None

    def max_body(self) -> int:
        """Return the maximum size of this request's body in bytes. Lists of people to invite may be larger."""
        if MAY_BE_LARGE.fullmatch(self.path_of_start_line()):
            return int(self.adj.max_request_body_size)
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1

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
