"""An SMTP server that answers as it is told to: ``python -m tests.invitations.email.smtp_server <spool>``.

It says its port, takes one order per line of JSON, and answers each with a line of JSON. Every mail that it takes is a
file in its spool before it says so. It ends with its input, and when it waits in vain.
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

MAX_WAIT = 60.0  # seconds; a test gives up before

GOOD = {
    "CONNECT": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250-8BITMIME\r\n250 AUTH PLAIN",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "CONTENT": "250 2.0.0 Ok: queued",  # the content is there; with a 250 the server takes the mail,
    "TAKEN": "",  # and says the 250 then
    "QUIT": "221 2.0.0 Bye",
}
COMMANDS = GOOD.keys() - {"CONNECT", "CONTENT", "TAKEN"}
HANG_UP = "hang up"  # instead of an answer: close the connection
SAY_NOTHING = "say nothing"  # instead of an answer: wait until the client goes


class Hold:
    """One session that stands still at a step, until it is released."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()


class Server(socketserver.ThreadingTCPServer):
    """Accepts everything, but for the answers and holds that it was told of; each is used once."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, spool: Path) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.spool = spool
        self.answers: dict[str, deque[str]] = defaultdict(deque)
        self.waiting_holds: dict[str, deque[Hold | None]] = defaultdict(deque)
        self.holds: list[Hold] = []
        self.refused: dict[str, str] = {}
        self.said: list[str] = []
        self.taken = 0
        self.answered_250 = 0
        self.sessions = 0
        self.changed = threading.Condition()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is nothing to report."""

    # What it is told

    def answer(self, step: str, replies: list[str]) -> None:
        self.answers[step].extend(replies)

    def refuse(self, replies: dict[str, str]) -> None:
        self.refused = replies

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
        self.wait_until(lambda: len(self.said) >= count)

    def tell(self) -> dict[str, Any]:
        return {"said": self.said, "sessions": self.sessions}

    # What its sessions do

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
        """Put the mail into the spool, whole."""
        with self.changed:
            self.taken += 1
            email = self.spool / f"{self.taken:06}.mail"
        unfinished = email.with_suffix(".unfinished")
        unfinished.write_bytes(json.dumps([sender, recipients]).encode() + b"\n" + content)
        unfinished.rename(email)


class Session(socketserver.StreamRequestHandler):
    """One conversation (RFC 5321)."""

    server: Server

    def handle(self) -> None:
        self.server.note(_count_session)
        self.sender, self.recipients, self.content = "", list[str](), b""
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
        if verb not in COMMANDS:
            return self.say("502 5.5.1 Not known here")
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
        if not self.last.startswith("354"):
            return True
        self.content = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            self.content += line.removeprefix(b".")
        return self.reply("CONTENT")

    def reply(self, step: str, good: str = "") -> bool:
        """Stand still if told to; then say what the script says, or the good answer. False ends the conversation."""
        if self.stood_still_in_vain(step):
            return False
        said = self.server.next_of(self.server.answers, step) or self.refusal(step) or good or GOOD[step]
        if said == SAY_NOTHING:
            self.rfile.read()
        if said in (HANG_UP, SAY_NOTHING):
            return False
        if step == "CONTENT" and said.startswith("250"):
            self.server.take(self.sender, self.recipients, self.content)
            return self.reply("TAKEN", said)
        self.say(said)
        if step == "TAKEN":
            self.server.note(_count_250)
        return not said.startswith("421")

    def refusal(self, step: str) -> str | None:
        """What is always said of the recipient, if it is nothing good."""
        return self.server.refused.get(self.recipients[-1]) if step == "RCPT" else None

    def stood_still_in_vain(self, step: str) -> bool:
        """Stand still if told to; whether the client is gone after that, so that nothing more is done for it."""
        hold = self.server.next_of(self.server.waiting_holds, step)
        if hold is None:
            return False
        hold.reached.set()
        assert hold.released.wait(MAX_WAIT)
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def say(self, line: str) -> bool:
        self.last = line
        self.wfile.write(f"{line}\r\n".encode())
        self.server.note(lambda server: server.said.append(line))
        return True


def _count_session(server: Server) -> None:
    server.sessions += 1


def _count_250(server: Server) -> None:
    server.answered_250 += 1


def _address(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    assert found
    return found[1]


ORDERS: dict[str, Callable[..., Any]] = {
    order.__name__: order
    for order in (
        *(Server.answer, Server.refuse, Server.hold, Server.await_hold, Server.release),
        *(Server.await_250, Server.await_lines, Server.tell),
    )
}


def main() -> None:
    server = Server(Path(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(server.server_address[1])
    for line in sys.stdin:
        order = json.loads(line)
        say(ORDERS[order.pop("do")](server, **order))


def say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
