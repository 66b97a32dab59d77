"""A real SMTP server that takes its time with one of its answers."""

import select
import socketserver
from collections.abc import Iterable
from typing import Any

from tests.invitations.email.scripted_server import GOOD


class SlowServer(socketserver.ThreadingTCPServer):
    """Says its answer to one step in pieces, with a pause before each, for as long as its client is there."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, step: str, pieces: Iterable[str], pause: float) -> None:
        super().__init__(("127.0.0.1", 0), SlowSession)
        self.step, self.pieces, self.pause = step, pieces, pause
        self.copies = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that lost its patience is nothing to report."""


class SlowSession(socketserver.StreamRequestHandler):
    """One conversation (RFC 5321)."""

    server: SlowServer

    def handle(self) -> None:
        self.say("CONNECT")
        while line := self.rfile.readline():
            verb = line[:4].decode().strip().upper()
            self.say(verb)
            if verb == "DATA":
                self.take_content()

    def take_content(self) -> None:
        if b".\r\n" in iter(self.rfile.readline, b""):
            self.server.copies += 1
            self.say("CONTENT")

    def say(self, step: str) -> None:
        if step != self.server.step:
            return self.write(GOOD.get(step, "250 2.0.0 Ok") + "\r\n")
        for piece in self.server.pieces:
            gone, _, _ = select.select([self.connection], [], [], self.server.pause)
            if gone:
                return None
            self.write(piece)
        return None

    def write(self, said: str) -> None:
        self.wfile.write(said.encode())
