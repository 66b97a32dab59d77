"""Control an SMTP server in another process: set its responses, and pause its sessions at any step.

The steps are the keys of ``smtp_server.GOOD``. At CONTENT, the server has received the whole email but has not accepted
it. At TAKEN, the server has accepted the email but has not sent the 250 response.
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

from tests.outbox import control_channel, smtp_server

DEADLINE = control_channel.DEADLINE
HANG_UP = smtp_server.HANG_UP
SAY_NOTHING = smtp_server.SAY_NOTHING
GOOD = smtp_server.GOOD


@dataclass
class Delivery:
    """An email that the server accepted, with its raw content."""

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
    """Accept everything, unless a test has set a response or a pause. Each response and pause is used once."""

    def __init__(self, channel: control_channel.ControlChannel, spool: Path) -> None:
        self.channel = channel
        self.spool = spool
        self.port = int(self.command("start", spool=str(spool), error="The mail server does not start."))
        self._rcpt_replies: dict[str, str] = {}

    def script(self, step: str, *replies: str) -> None:
        self.command("script", step=step, replies=replies)

    def hold(self, step: str, *, after: int = 0) -> "Hold":
        """Set a pause for the next session that reaches the step. Skip the first ``after`` sessions that reach it."""
        return Hold(self, self.command("hold", step=step, after=after))

    @property
    def rcpt_replies(self) -> dict[str, str]:
        """A map from recipients to the response to RCPT."""
        return self._rcpt_replies

    @rcpt_replies.setter
    def rcpt_replies(self, replies: dict[str, str]) -> None:
        self._rcpt_replies = replies
        self.command("set_rcpt_replies", replies=replies)

    @property
    def accepted(self) -> list[Delivery]:
        """The accepted emails, oldest first."""
        return [read(email) for email in sorted(self.spool.glob("*.mail"))]

    @property
    def lines_sent(self) -> list[str]:
        return list(self.command("status")["lines_sent"])

    @property
    def sessions(self) -> int:
        return int(self.command("status")["sessions"])

    def wait_for_emails(self, count: int) -> None:
        """Wait until the server has sent the 250 response for this many emails."""
        self.command("await_250", count=count, error=f"{count} emails did not arrive.")

    def wait_for_lines(self, lines: int) -> None:
        self.command("await_lines", count=lines, error=f"The mail server never sent {lines} lines.")

    def command(self, do: str, *, error: str = "The mail server does not respond.", **arguments: Any) -> Any:
        self.channel.send(do=do, **arguments)
        return json.loads(self.channel.receive(error))


@dataclass
class Hold:
    """A pause of one session at a step. It lasts until the test releases it."""

    server: ScriptedServer
    number: int

    def wait(self) -> None:
        self.server.command("await_hold", number=self.number, error="No client reached the step.")

    def release(self) -> None:
        self.server.command("release", number=self.number)


def read(email: Path) -> Delivery:
    envelope, raw = email.read_bytes().split(b"\n", 1)
    sender, recipients = json.loads(envelope)
    return Delivery(sender, recipients, raw)


@contextmanager
def server_process() -> Iterator[control_channel.ControlChannel]:
    """Start a process that runs one `ScriptedServer` after the other. Kill it at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.outbox.smtp_server"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        try:
            yield control_channel.ControlChannel(process)
        finally:
            process.kill()
