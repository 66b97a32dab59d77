"""An SMTP backend with deadlines that a slow server cannot extend.

The worker has two deadlines. The first one is for everything until the content is sent. The second one is for the
response to the content. If a client disconnects before that response, the email may be delivered twice (RFC 5321,
section 4.5.3.2.6). So the second deadline is long. ``EMAIL_TIMEOUT`` applies to connecting, RSET and QUIT. A
connection sends one email after the other, and each email has its own deadlines.
"""

import smtplib
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import BufferedReader, RawIOBase
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend

DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
AFTER_CONTENT = "after the content was sent: it may have arrived"
CLOSING = 421  # the server ends the connection (RFC 5321, section 3.8)
MIN_TIMEOUT = 0.001  # seconds; 0 would make the socket non-blocking


def max_session_duration() -> timedelta:
    """Return the maximum time from connecting to the response to the content."""
    return timedelta(seconds=settings.SMTP_SECONDS_UNTIL_CONTENT + settings.SMTP_SECONDS_AFTER_CONTENT)


class DeadlineSMTP(smtplib.SMTP):
    """An SMTP session with deadlines. ``receipt`` is the server's response to an accepted email."""

    content_is_sent = False
    receipt = ""

    def __init__(self, *args: Any, deadline: float = 0.0, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **options)

    def seconds_left(self) -> float:
        """Return the time until the deadline, in seconds."""
        return self.deadline - time.monotonic()

    def start_deadline(self, seconds: float) -> None:
        """Start a new deadline. The previous one ends."""
        self.deadline = time.monotonic() + seconds

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """Start the first deadline unless it has started, then connect."""
        if not self.deadline:
            self.start_deadline(settings.SMTP_SECONDS_UNTIL_CONTENT)
        return super().connect(*args, **options)

    def send(self, s: Any) -> None:
        """Send a command (``str``) or the content (``bytes``). Sending the content starts the second deadline."""
        if self.sock:
            self.sock.settimeout(max(self.seconds_left(), MIN_TIMEOUT))
        self.content_is_sent = not isinstance(s, str)  # if sending it fails, the server may still have all of it
        super().send(s)
        if self.content_is_sent:
            self.start_deadline(settings.SMTP_SECONDS_AFTER_CONTENT)

    def getreply(self) -> tuple[int, bytes]:
        """Read a response until the deadline."""
        if self.file is None and self.sock:
            self.file = BufferedReader(_DeadlineReader(self))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the content. If there is no response, the error says that the email may have been accepted."""
        try:
            code, text = super().data(msg)
        except smtplib.SMTPServerDisconnected as error:
            if not self.content_is_sent:
                raise
            raise smtplib.SMTPServerDisconnected(f"{error} {AFTER_CONTENT}") from error
        self.receipt = f"{code} {text.decode(errors='replace')}"
        return code, text

    def is_alive(self) -> bool:
        """Return whether the server responds to RSET within ``EMAIL_TIMEOUT``."""
        self.start_deadline(settings.EMAIL_TIMEOUT)
        try:
            code, _ = self.rset()
        except smtplib.SMTPServerDisconnected:
            return False
        return code == 250

    def quit(self) -> tuple[int, bytes]:
        """Send QUIT, and wait at most ``EMAIL_TIMEOUT`` for the response."""
        self.start_deadline(settings.EMAIL_TIMEOUT)
        return super().quit()


class DeadlineSMTPOverTLS(DeadlineSMTP, smtplib.SMTP_SSL):
    """A `DeadlineSMTP` session over TLS."""


class _DeadlineReader(RawIOBase):
    """Read from the session's socket. The deadline is for all reads together, not for each one."""

    def __init__(self, session: DeadlineSMTP) -> None:
        self.session = session

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left, sock = self.session.seconds_left(), self.session.sock
        if left <= 0 or sock is None:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        return sock.recv_into(buffer)


class EmailBackend(smtp.EmailBackend):
    """Django's SMTP backend with deadlines. It uses the same settings.

    The connection stays open for the next email, which begins with ``start_email``. A server may end a connection at
    any time, or after a number of emails. Then the email is sent over a new one, unless its content may have arrived.
    """

    connection: DeadlineSMTP | None
    deadline = 0.0
    is_kept = False

    @property
    def connection_class(self) -> Callable[..., DeadlineSMTP]:  # type: ignore[override]
        """The session class, with the deadline of the email. ``EMAIL_USE_SSL`` selects TLS."""
        return partial(DeadlineSMTPOverTLS if self.use_ssl else DeadlineSMTP, deadline=self.deadline)

    @property
    def receipt(self) -> str:
        """The server's response to the last accepted email."""
        return self.connection.receipt if self.connection else ""

    def start_email(self) -> None:
        """Start the first deadline of an email. Close a kept connection if the server no longer responds."""
        self.deadline = time.monotonic() + settings.SMTP_SECONDS_UNTIL_CONTENT
        self.is_kept = self.connection is not None and self.connection.is_alive()
        if self.is_kept and self.connection:
            self.connection.deadline = self.deadline
        else:
            self.close()

    def _send(self, email_message: EmailMessage) -> bool:
        """Send an email. Try once more over a new connection if the server has ended the kept one."""
        try:
            return bool(super()._send(email_message))  # type: ignore[misc]
        except smtplib.SMTPException as error:
            if not self.is_kept or not self._is_about_connection(error):
                raise
        self.is_kept = False
        self.close()
        self.open()
        return bool(super()._send(email_message))  # type: ignore[misc]

    def _is_about_connection(self, error: smtplib.SMTPException) -> bool:
        """Return whether the server has ended the connection before the content, or has rejected MAIL."""
        if self.connection is None or self.connection.content_is_sent:
            return False
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            return any(code == CLOSING for code, _ in error.recipients.values())
        if isinstance(error, smtplib.SMTPDataError):
            return error.smtp_code == CLOSING
        return isinstance(error, smtplib.SMTPServerDisconnected | smtplib.SMTPSenderRefused)


def connection_for_worker() -> BaseEmailBackend:
    """Return the configured email backend, without opening it. For SMTP, it is the backend with two deadlines."""
    return EmailBackend() if settings.EMAIL_BACKEND == DJANGO_SMTP else get_connection()
