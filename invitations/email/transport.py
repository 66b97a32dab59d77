"""Hand a message to the mail server, and classify the server's response.

A 5xx response to MAIL, RCPT or DATA (RFC 5321, section 4.2.1) is a permanent rejection of this email. All other errors
(no connection, a timeout, 4xx, a rejected password, a wrong setting) are temporary, and the email is deferred.
"""

import logging
import re
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as AnyDatabaseError

from core import smtp
from core.logs import redact
from core.text import UNSAFE_IN_A_LINE
from invitations.email.models import RESPONSE_LENGTH, Email

logger = logging.getLogger(__name__)

# RFC 4954, section 6: servers return these codes to MAIL when the client is not authenticated.
AUTHENTICATION_CODES = {530, 534, 535, 538}


@dataclass(frozen=True)
class Outcome:
    """The result of a delivery: the email's new state, and a detail in one line.

    ``detail`` is the server's response if ``by_server`` is true. Otherwise, it is the reason for not sending the email.
    ``withheld`` means that the recipient has unsubscribed.
    """

    state: Email.State
    detail: str = ""
    by_server: bool = True
    withheld: bool = False


def send_message(connection: BaseEmailBackend, message: EmailMultiAlternatives) -> Outcome:
    """Send one message, and return the outcome ``sent``, ``deferred`` or ``failed``.

    Leave the connection open, so that the caller can record the outcome and send the next message. Raises an error only
    for an invalid message. For an error in the settings, the outcome is ``deferred``.
    """
    try:
        if isinstance(connection, smtp.EmailBackend):
            connection.start_email()
        connection.open()
    except AnyDatabaseError:
        raise
    except Exception as error:
        # The message of a UnicodeError contains the value that cannot be encoded. That value may be the password.
        if isinstance(error, UnicodeError):
            detail = f"{type(error).__name__} in the email settings"
        else:
            detail = error_text(error)
        logger.warning("mail server unreachable: %s", detail)
        return Outcome(Email.State.DEFERRED, detail)
    try:
        connection.send_messages([message])
    except (OSError, AnymailAPIError) as error:
        return Outcome(Email.State.FAILED if _is_final(error) else Email.State.DEFERRED, error_text(error))
    except AnymailRecipientsRefused as error:
        return Outcome(Email.State.FAILED, error_text(error))
    return Outcome(Email.State.SENT, stored_line(_receipt(connection, message)))


def close_connection(connection: BaseEmailBackend) -> None:
    """Close the connection. Ignore errors, because the outcome is already recorded."""
    try:
        connection.close()
    except (OSError, AnymailAPIError):
        return


def error_text(error: BaseException) -> str:
    """Return the server's response or the network error, formatted by ``stored_line``."""
    code, text = _reply(error)
    return stored_line(f"{code} {text}" if code else text or type(error).__name__)


def stored_line(text: str) -> str:
    """Return the text as one line of visible characters without secrets, truncated to the length of the column."""
    return redact(UNSAFE_IN_A_LINE.sub("", " ".join(text.split())))[:RESPONSE_LENGTH]


def reply_code(response: str) -> str:
    """Return the codes at the start of a response (RFC 5321 and 3463), or "refused" if there are none.

    The rest of the response is left out because it may name a person.
    """
    found = re.match(r"[2-5]\d\d( [245]\.\d{1,3}\.\d{1,3})?(?!\S)", response, re.ASCII)
    return found[0] if found else "refused"


def _receipt(connection: BaseEmailBackend, message: EmailMultiAlternatives) -> str:
    """Return the server's response to an accepted message, or the provider's id for the message."""
    if isinstance(connection, smtp.EmailBackend):
        return connection.receipt
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "") if status else ""


def _is_final(error: Exception) -> bool:
    if not isinstance(error, SMTPSenderRefused | SMTPRecipientsRefused | SMTPDataError):
        return False
    code, _ = _reply(error)
    return 500 <= code < 600 and not (isinstance(error, SMTPSenderRefused) and code in AUTHENTICATION_CODES)


def _reply(error: BaseException) -> tuple[int, str]:
    """Return the code (0 if there is none) and the text of a server's response."""
    if isinstance(error, SMTPRecipientsRefused):
        [(code, text)] = error.recipients.values()  # each message has one recipient
        return code, text.decode(errors="replace")
    if isinstance(error, SMTPResponseException):
        content = error.smtp_error
        return error.smtp_code, content.decode(errors="replace") if isinstance(content, bytes) else content
    return 0, str(error)
