"""Handing a message to the mail server, and what its answer means.

Only what a server says about this sender, recipient or content is about the mail: 5xx to MAIL, RCPT or DATA (RFC 5321,
section 4.2.1) is final. Everything else (no connection, a time-out, 4xx, a refused password, a setting that no
connection can be made with) is about the moment or about us, and the mail waits for a better one.
"""

import logging
import re
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as AnyDatabaseError

from core.logs import redact
from core.text import UNSAFE_IN_A_LINE
from invitations.email import smtp
from invitations.email.models import RESPONSE_LENGTH, Email

logger = logging.getLogger(__name__)

# RFC 4954, section 6: said to MAIL by servers that do not know us yet.
SIGN_IN_FIRST = {530, 534, 535, 538}
DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"


@dataclass(frozen=True)
class Outcome:
    """What became of a mail: its new state, and why, in one line; the server's own words when it was the server's.

    ``withheld`` says that the recipient wants no mails.
    """

    state: Email.State
    words: str = ""
    by_server: bool = True
    withheld: bool = False


def connection_for_worker() -> BaseEmailBackend:
    """The configured way for mails to leave, not opened yet; with patience where it is SMTP."""
    return smtp.EmailBackend() if settings.EMAIL_BACKEND == DJANGO_SMTP else get_connection()


def send_message(connection: BaseEmailBackend, message: EmailMultiAlternatives) -> Outcome:
    """Send one message: sent, deferred or failed. The connection stays open, so that recording comes before goodbye.

    Raises only what is a fault of ours in the message. A fault in the settings must not cost a mail: it waits.
    """
    try:
        connection.open()
    except AnyDatabaseError:
        raise
    except Exception as error:
        # What could not be encoded is quoted by the error, and may be the password.
        if isinstance(error, UnicodeError):
            words = f"{type(error).__name__} in the mail settings"
        else:
            words = reply_words(error)
        logger.warning("No mail can be handed over: %s", words)
        return Outcome(Email.State.DEFERRED, words)
    try:
        connection.send_messages([message])
    except (OSError, AnymailAPIError) as error:
        return Outcome(Email.State.FAILED if _is_final(error) else Email.State.DEFERRED, reply_words(error))
    except AnymailRecipientsRefused as error:
        return Outcome(Email.State.FAILED, reply_words(error))
    return Outcome(Email.State.SENT, ledger_line(_receipt(connection, message)))


def close_connection(connection: BaseEmailBackend) -> None:
    """Close the connection; nothing depends on what the server thinks of it."""
    try:
        connection.close()
    except (OSError, AnymailAPIError):
        return


def reply_words(error: BaseException) -> str:
    """What a server, or the network, said: one visible line without secrets, cut to what the ledger holds."""
    code, text = _reply(error)
    return ledger_line(f"{code} {text}" if code else text or type(error).__name__)


def ledger_line(said: str) -> str:
    """A server's words as one visible line without secrets, cut to what the ledger holds."""
    return redact(UNSAFE_IN_A_LINE.sub("", " ".join(said.split())))[:RESPONSE_LENGTH]


def reply_code(words: str) -> str:
    """The codes that begin a server's words (RFC 5321 and 3463), without the rest, which may name a person."""
    found = re.match(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?(?!\S)", words, re.ASCII)
    return found[0] if found else "refused"


def _receipt(connection: BaseEmailBackend, message: EmailMultiAlternatives) -> str:
    """What the server said when it took the message, or the name that a provider has for it."""
    if isinstance(connection, smtp.EmailBackend):
        return connection.receipt
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "") if status else ""


def _is_final(error: Exception) -> bool:
    if not isinstance(error, SMTPSenderRefused | SMTPRecipientsRefused | SMTPDataError):
        return False
    code, _ = _reply(error)
    return 500 <= code < 600 and not (isinstance(error, SMTPSenderRefused) and code in SIGN_IN_FIRST)


def _reply(error: BaseException) -> tuple[int, str]:
    """The code (0 when there is none) and the text of an answer."""
    if isinstance(error, SMTPRecipientsRefused):
        [(code, text)] = error.recipients.values()  # there is one recipient
        return code, text.decode(errors="replace")
    if isinstance(error, SMTPResponseException):
        said = error.smtp_error
        return error.smtp_code, said.decode(errors="replace") if isinstance(said, bytes) else said
    return 0, str(error)
