"""A real SMTP server on a port of its own that answers as a test tells it to, and can be held at any step."""

import re
import select
import socket
import socketserver
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

DEADLINE = 20.0  # seconds until a test that waits for something fails

STEPS = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "CONTENT", "QUIT")
GOOD = {
    "CONNECT": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250-8BITMIME\r\n250 AUTH PLAIN",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "CONTENT": "250 2.0.0 Ok: queued",
    "QUIT": "221 2.0.0 Bye",
}
HANG_UP = "hang up"  # instead of an answer: close the connection
SAY_NOTHING = "say nothing"  # instead of an answer: wait until the client goes


@dataclass
class Delivery:
    """What one client handed over, as it came over the wire."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.SMTP)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        return part(self.message, "plain")

    @property
    def html(self) -> str:
        return part(self.message, "html")

    @property
    def links(self) -> set[str]:
        return set(re.findall(r"https?://[^\s\"'<>]+?(?=[.,]?(?:[\s\"'<>]|$))", self.text + self.html))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return body.get_content().replace("\r\n", "\n")


@dataclass
class Hold:
    """One session that stands still at a step, until it is released or its client is gone."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        assert self.reached.wait(DEADLINE), "No client came so far."

    def release(self) -> None:
        self.released.set()


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Accepts everything, but for the answers and holds that a test puts before it; each is used once."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.answers: dict[str, deque[str]] = defaultdict(deque)
        self.holds: dict[str, deque[Hold | None]] = defaultdict(deque)
        self.refused: dict[str, str] = {}
        self.every_hold: list[Hold] = []
        self.accepted: list[Delivery] = []
        self.said: list[str] = []
        self.answered_250 = 0
        self.sessions = 0
        self.changed = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is nothing to report."""

    def answer(self, step: str, *replies: str) -> None:
        self.answers[step].extend(replies)

    def hold(self, step: str, *, after: int = 0) -> Hold:
        """Let the next session stand still at a step, or the one after so many that pass."""
        hold = Hold()
        self.holds[step].extend([*[None] * after, hold])
        self.every_hold.append(hold)
        return hold

    def wait_until(self, condition: Callable[["ScriptedServer"], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), DEADLINE), f"Only {len(self.accepted)} mails came."

    def wait_for_mails(self, count: int) -> None:
        self.wait_until(lambda server: server.answered_250 >= count)

    def wait_until_said(self, lines: int) -> None:
        self.wait_until(lambda server: len(server.said) >= lines)

    def note(self, change: Callable[["ScriptedServer"], None]) -> None:
        with self.changed:
            change(self)
            self.changed.notify_all()

    def take(self, waiting: dict[str, deque[Any]], step: str) -> Any:
        with self.changed:
            return waiting[step].popleft() if waiting[step] else None


class Session(socketserver.StreamRequestHandler):
    """One conversation (RFC 5321)."""

    server: ScriptedServer

    def handle(self) -> None:
        self.server.note(_count_session)
        self.sender, self.recipients = "", list[str]()
        if not self.reply("CONNECT"):
            return
        while line := self.rfile.readline():
            if not self.obey(line.decode().strip()):
                return

    def obey(self, line: str) -> bool:
        """Answer one command; False ends the conversation."""
        verb = line.split(" ", maxsplit=1)[0].upper()
        if verb == "RSET":
            return self.say("250 2.0.0 Ok")
        if verb not in STEPS:
            return self.say("502 5.5.1 Not known here")
        if verb == "MAIL":
            self.sender, self.recipients = _address(line), []
        if verb == "RCPT":
            self.recipients.append(_address(line))
        if verb == "DATA":
            return self.take_content()
        return self.reply(verb) and verb != "QUIT"

    def take_content(self) -> bool:
        if not self.reply("DATA"):
            return False
        if not self.last.startswith("354"):
            return True
        raw = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            raw += line.removeprefix(b".")
        return self.reply("CONTENT", Delivery(self.sender, self.recipients, raw))

    def reply(self, step: str, delivery: Delivery | None = None) -> bool:
        """Stand still if told to; then say what the script says, or the good answer. False ends the conversation."""
        if self.stood_still_in_vain(step):
            return False
        said = self.server.take(self.server.answers, step) or self.refusal(step) or GOOD[step]
        if said == SAY_NOTHING:
            self.rfile.read()
        if said in (HANG_UP, SAY_NOTHING):
            return False
        taken = delivery if said.startswith("250") else None
        if taken:
            self.server.note(lambda server: server.accepted.append(taken))
        self.say(said)
        if taken:
            self.server.note(_count_250)
        return not said.startswith("421")

    def refusal(self, step: str) -> str | None:
        """What is always said of the recipient, if it is nothing good."""
        return self.server.refused.get(self.recipients[-1]) if step == "RCPT" else None

    def stood_still_in_vain(self, step: str) -> bool:
        """Stand still if told to; whether the client is gone after that, so that nothing is taken from it."""
        hold = self.server.take(self.server.holds, step)
        if hold is None:
            return False
        hold.reached.set()
        assert hold.released.wait(DEADLINE)
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def say(self, line: str) -> bool:
        self.last = line
        self.wfile.write(f"{line}\r\n".encode())
        self.server.note(lambda server: server.said.append(line))
        return True


def _count_session(server: ScriptedServer) -> None:
    server.sessions += 1


def _count_250(server: ScriptedServer) -> None:
    server.answered_250 += 1


def _address(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    assert found
    return found[1]
