"""SMTP with the patience of a worker, behind whom no person waits, and with a limit that no server can drip past.

Everything until the content is sent has one deadline, and the answer to it another: whoever goes before that answer
sends a second copy of what was taken (RFC 5321, section 4.5.3.2.6). ``EMAIL_TIMEOUT`` is for connecting and goodbye.
"""

import smtplib
import time
from datetime import timedelta
from io import BufferedReader, RawIOBase
from typing import Any

from django.conf import settings
from django.core.mail.backends import smtp

AFTER_CONTENT = "after the content was sent: it may have arrived"
AT_ONCE = 0.001  # seconds; a socket takes 0 for "do not wait", and says something else then


def longest_conversation() -> timedelta:
    """How long a mail server can keep a worker from writing down what became of a mail."""
    return timedelta(seconds=settings.SMTP_SECONDS_UNTIL_CONTENT + settings.SMTP_SECONDS_AFTER_CONTENT)


class PatientSMTP(smtplib.SMTP):
    """A conversation with deadlines; ``receipt`` is what the server said when it took a mail."""

    deadline = 0.0
    content_is_sent = False
    receipt = ""

    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """Begin the conversation, and its time."""
        self.deadline = time.monotonic() + settings.SMTP_SECONDS_UNTIL_CONTENT
        return super().connect(*args, **options)

    def send(self, s: Any) -> None:
        """Say something; what is not a command is the content."""
        if self.sock:
            self.sock.settimeout(max(self.seconds_left(), AT_ONCE))
        super().send(s)
        self.content_is_sent = not isinstance(s, str)
        if self.content_is_sent:
            self.deadline = time.monotonic() + settings.SMTP_SECONDS_AFTER_CONTENT

    def getreply(self) -> tuple[int, bytes]:
        """Listen for as long as there is time."""
        if self.file is None and self.sock:
            self.file = BufferedReader(_Ear(self))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand over the content; the error says when an answer that does not come leaves open whether it was taken."""
        try:
            code, said = super().data(msg)
        except smtplib.SMTPServerDisconnected as error:
            if not self.content_is_sent:
                raise
            raise smtplib.SMTPServerDisconnected(f"{error} {AFTER_CONTENT}") from error
        self.receipt = f"{code} {said.decode(errors='replace')}"
        return code, said

    def quit(self) -> tuple[int, bytes]:
        """Say goodbye, which is nothing to wait for."""
        self.deadline = time.monotonic() + settings.EMAIL_TIMEOUT
        return super().quit()


class PatientSMTPOverTLS(PatientSMTP, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


class _Ear(RawIOBase):
    """Hears what the server says: each piece may take until the deadline, and so may all together."""

    def __init__(self, conversation: PatientSMTP) -> None:
        self.conversation = conversation

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left, sock = self.conversation.seconds_left(), self.conversation.sock
        if left <= 0 or sock is None:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        return sock.recv_into(buffer)


class EmailBackend(smtp.EmailBackend):
    """Django's, with the same settings; it hands over with patience."""

    @property
    def connection_class(self) -> type[PatientSMTP]:
        """The kind of conversation that ``EMAIL_USE_SSL`` asks for."""
        return PatientSMTPOverTLS if self.use_ssl else PatientSMTP

    @property
    def receipt(self) -> str:
        """What the server said when it took the last mail."""
        return self.connection.receipt if isinstance(self.connection, PatientSMTP) else ""
