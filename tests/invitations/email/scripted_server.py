"""A real SMTP server, a process with a port of its own, that answers as a test tells it to and can be held at any step.

The steps are those of ``smtp_server.GOOD``. A server that stands still at CONTENT has the whole mail and has not taken
it; at TAKEN it has, and has not said so.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.invitations.email import control_channel, smtp_server

DEADLINE = control_channel.DEADLINE
HANG_UP = smtp_server.HANG_UP
SAY_NOTHING = smtp_server.SAY_NOTHING
GOOD = smtp_server.GOOD


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


class ScriptedServer:
    """Accepts everything, but for the answers and holds that a test puts before it; each is used once."""

    def __init__(self, process: subprocess.Popen[bytes], spool: Path) -> None:
        self.channel = control_channel.ControlChannel(process)
        self.spool = spool
        self.port = int(self.channel.receive("The mail server does not start."))
        self._refused: dict[str, str] = {}

    def answer(self, step: str, *replies: str) -> None:
        self.order("answer", step=step, replies=replies)

    def hold(self, step: str, *, after: int = 0) -> "Hold":
        """Let the next session stand still at a step, or the one after so many that pass."""
        return Hold(self, self.order("hold", step=step, after=after))

    @property
    def refused(self) -> dict[str, str]:
        """What is always said of a recipient."""
        return self._refused

    @refused.setter
    def refused(self, replies: dict[str, str]) -> None:
        self._refused = replies
        self.order("refuse", replies=replies)

    @property
    def accepted(self) -> list[Delivery]:
        """The mails that it took, in this order."""
        return [read(email) for email in sorted(self.spool.glob("*.mail"))]

    @property
    def said(self) -> list[str]:
        return list(self.order("tell")["said"])

    @property
    def sessions(self) -> int:
        return int(self.order("tell")["sessions"])

    def wait_for_emails(self, count: int) -> None:
        """Until it said of so many mails that it took them."""
        self.order("await_250", count=count, otherwise=f"{count} mails did not come.")

    def wait_until_said(self, lines: int) -> None:
        self.order("await_lines", count=lines, otherwise=f"The mail server never said {lines} lines.")

    def order(self, do: str, *, otherwise: str = "The mail server does not answer.", **terms: Any) -> Any:
        self.channel.send(do=do, **terms)
        return json.loads(self.channel.receive(otherwise))


@dataclass
class Hold:
    """One session that stands still at a step, until it is released."""

    server: ScriptedServer
    number: int

    def wait(self) -> None:
        self.server.order("await_hold", number=self.number, otherwise="No client came so far.")

    def release(self) -> None:
        self.server.order("release", number=self.number)


def read(email: Path) -> Delivery:
    envelope, raw = email.read_bytes().split(b"\n", 1)
    sender, recipients = json.loads(envelope)
    return Delivery(sender, recipients, raw)


@contextmanager
def scripted_server(spool: Path) -> Iterator[ScriptedServer]:
    """One that ends with the block, whatever it is at."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.invitations.email.smtp_server", spool],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        try:
            yield ScriptedServer(process, spool)
        finally:
            process.kill()
