"""Scripted SMTP servers: ``python -m tests.outbox.smtp_server``.

The process reads one JSON command per line and prints one line of JSON in response. The command `start` closes the
current server and starts a new one on another port, so that a process serves many tests, one after the other. Each
accepted email is saved as a file in the spool directory before the server sends the 250 response. The process exits at
the end of its input, or when a wait exceeds ``MAX_WAIT``.
"""

import json
import re
import select
import socket
import socketserver
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_WAIT = 60.0  # in seconds; longer than the deadline of a test

GOOD = {
    "CONNECT": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250 AUTH PLAIN",  # not 8BITMIME, so content must be ASCII
    "AUTH": "235 2.7.0 Welcome",
    "RSET": "250 2.0.0 Ok",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "CONTENT": "250 2.0.0 Ok: queued",  # the whole email has arrived, but is not accepted yet
    "TAKEN": "",  # the email is accepted, but the 250 response is not sent yet
    "QUIT": "221 2.0.0 Bye",
}
NOT_OFFERED = "554 5.6.1 This server does not offer 8BITMIME"
COMMANDS = GOOD.keys() - {"CONNECT", "CONTENT", "TAKEN"}
HANG_UP = "hang up"  # instead of a response: close the connection
SAY_NOTHING = "say nothing"  # instead of a response: wait until the client disconnects


class Hold:
    """A pause of one session at a step. It lasts until a command releases it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()


class Server(socketserver.ThreadingTCPServer):
    """Accept everything, unless a command has set a response or a pause. Each response and pause is used once."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, spool: Path) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.spool = spool
        self.replies: dict[str, deque[str]] = defaultdict(deque)
        self.waiting_holds: dict[str, deque[Hold | None]] = defaultdict(deque)
        self.holds: list[Hold] = []
        self.rcpt_replies: dict[str, str] = {}
        self.lines_sent: list[str] = []
        self.taken = 0
        self.answered_250 = 0
        self.sessions = 0
        self.changed = threading.Condition()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of clients that were killed."""

    # Commands

    def script(self, step: str, replies: list[str]) -> None:
        self.replies[step].extend(replies)

    def set_rcpt_replies(self, replies: dict[str, str]) -> None:
        self.rcpt_replies = replies

    def hold(self, step: str, after: int) -> int:
        self.holds.append(Hold())
        self.waiting_holds[step].extend([*[None] * after, self.holds[-1]])
        return len(self.holds) - 1

    def await_hold(self, number: int) -> None:
        assert self.holds[number].reached.wait(MAX_WAIT)

    def release(self, number: int) -> None:
        self.holds[number].released.set()

    def await_250(self, count: int) -> None:
        self.wait_until(lambda: self.answered_250 >= count)

    def await_lines(self, count: int) -> None:
        self.wait_until(lambda: len(self.lines_sent) >= count)

    def status(self) -> dict[str, Any]:
        return {"lines_sent": self.lines_sent, "sessions": self.sessions}

    # Called by sessions

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, MAX_WAIT)

    def note(self, change: Callable[["Server"], None]) -> None:
        with self.changed:
            change(self)
            self.changed.notify_all()

    def next_of(self, waiting: dict[str, deque[Any]], step: str) -> Any:
        with self.changed:
            return waiting[step].popleft() if waiting[step] else None

    def take(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Save the email in the spool directory, atomically."""
        with self.changed:
            self.taken += 1
            email = self.spool / f"{self.taken:06}.mail"
        unfinished = email.with_suffix(".unfinished")
        unfinished.write_bytes(json.dumps([sender, recipients]).encode() + b"\n" + content)
        unfinished.rename(email)


class Session(socketserver.StreamRequestHandler):
    """One SMTP session (RFC 5321)."""

    server: Server

    def handle(self) -> None:
        self.server.note(_count_session)
        self.sender, self.recipients, self.content = "", list[str](), b""
        if not self.reply("CONNECT"):
            return
        while line := self.rfile.readline():
            if not self.handle_command(line.decode().strip()):
                return

    def handle_command(self, line: str) -> bool:
        """Respond to one command. Return False to end the session."""
        verb = line.split(" ", maxsplit=1)[0].upper()
        if verb not in COMMANDS:
            return self.send_line("502 5.5.1 Not known here")
        if verb == "MAIL":
            self.sender, self.recipients = _address(line), []
        if verb == "RCPT":
            self.recipients.append(_address(line))
        if verb == "DATA":
            return self.receive_content()
        return self.reply(verb) and verb != "QUIT"

    def receive_content(self) -> bool:
        if not self.reply("DATA"):
            return False
        if not self.last_line.startswith("354"):
            return True
        self.content = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            self.content += line.removeprefix(b".")
        return self.reply("CONTENT") if self.content.isascii() else self.send_line(NOT_OFFERED)

    def reply(self, step: str, good: str = "") -> bool:
        """Pause if a pause is set for this step, then respond. Return False to end the session.

        The response is the one that a command has set, or else the default.
        """
        if self.is_abandoned_after_stop(step):
            return False
        line = self.server.next_of(self.server.replies, step) or self.rcpt_reply(step) or good or GOOD[step]
        if line == SAY_NOTHING:
            self.rfile.read()
        if line in (HANG_UP, SAY_NOTHING):
            return False
        if step == "CONTENT" and line.startswith("250"):
            self.server.take(self.sender, self.recipients, self.content)
            return self.reply("TAKEN", line)
        self.send_line(line)
        if step == "TAKEN":
            self.server.note(_count_250)
        return not line.startswith("421")

    def rcpt_reply(self, step: str) -> str | None:
        """Return the RCPT response that a command has set for this recipient, if any."""
        return self.server.rcpt_replies.get(self.recipients[-1]) if step == "RCPT" else None

    def is_abandoned_after_stop(self, step: str) -> bool:
        """Pause if a pause is set for this step. Return whether the client disconnected during the pause."""
        hold = self.server.next_of(self.server.waiting_holds, step)
        if hold is None:
            return False
        hold.reached.set()
        assert hold.released.wait(MAX_WAIT)
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def send_line(self, line: str) -> bool:
        self.last_line = line
        self.server.note(lambda server: server.lines_sent.append(line))  # before a client that has read it can ask
        self.wfile.write(f"{line}\r\n".encode())
        return True


def _count_session(server: Server) -> None:
    server.sessions += 1


def _count_250(server: Server) -> None:
    server.answered_250 += 1


def _address(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    assert found
    return found[1]


COMMAND_HANDLERS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        *(Server.script, Server.set_rcpt_replies, Server.hold, Server.await_hold, Server.release),
        *(Server.await_250, Server.await_lines, Server.status),
    )
}


def main() -> None:
    server = None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "start":
            if server:
                threading.Thread(target=close, args=[server], daemon=True).start()
            server = Server(Path(command["spool"]))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            respond(server.server_address[1])
        else:
            respond(COMMAND_HANDLERS[command.pop("do")](server, **command))


def close(server: Server) -> None:
    """Stop listening. This takes up to half a second, so no test waits for it."""
    server.shutdown()
    server.server_close()


def respond(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
