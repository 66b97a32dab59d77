"""An SMTP server that sends one response slowly."""

import select
import socketserver
from collections.abc import Iterable
from typing import Any

from tests.outbox.scripted_server import GOOD


class SlowServer(socketserver.ThreadingTCPServer):
    """Send the response to one step in pieces, with a delay before each piece, until the client disconnects."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, step: str, pieces: Iterable[str], delay: float) -> None:
        super().__init__(("127.0.0.1", 0), SlowSession)
        self.step, self.pieces, self.delay = step, pieces, delay
        self.copies = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that have disconnected."""


class SlowSession(socketserver.StreamRequestHandler):
    """One SMTP session (RFC 5321)."""

    server: SlowServer

    def handle(self) -> None:
        self.respond("CONNECT")
        while line := self.rfile.readline():
            verb = line[:4].decode().strip().upper()
            self.respond(verb)
            if verb == "DATA":
                self.take_content()

    def take_content(self) -> None:
        if b".\r\n" in iter(self.rfile.readline, b""):
            self.server.copies += 1
            self.respond("CONTENT")

    def respond(self, step: str) -> None:
        if step != self.server.step:
            return self.write(GOOD.get(step, "250 2.0.0 Ok") + "\r\n")
        for piece in self.server.pieces:
            gone, _, _ = select.select([self.connection], [], [], self.server.delay)
            if gone:
                return None
            self.write(piece)
        return None

    def write(self, text: str) -> None:
        self.wfile.write(text.encode())
