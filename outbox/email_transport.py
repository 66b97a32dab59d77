"""Hand a message to the mail server, and classify the server's response.

A 5xx response to MAIL, RCPT or DATA (RFC 5321, section 4.2.1) is a permanent rejection of this email. All other errors
(no connection, a timeout, 4xx, a rejected password, a wrong setting) are temporary, and the email is deferred.
"""

import logging
import re
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as AnyDatabaseError

from core import smtp
from outbox.models import DeliveryState, EmailDelivery
from outbox.outcomes import Outcome, stored_line

logger = logging.getLogger(__name__)

# RFC 4954, section 6: servers return these codes to MAIL when the client is not authenticated.
AUTHENTICATION_CODES = {530, 534, 535, 538}

METADATA_KEY = "mail_id"  # the name of the email's id in an email provider's metadata
TAG_ONLY_PROVIDERS = ("mailersend", "postal")  # these providers do not support metadata, so the id is sent as a tag


class EmailTransport:
    """Sends emails through the configured backend, one after the other over one connection."""

    def __init__(self) -> None:
        self.connection = smtp.connection_for_worker()

    def send(self, message: EmailMultiAlternatives) -> Outcome:
        """Send one message, and return the outcome ``sent``, ``deferred`` or ``failed``.

        Leave the connection open, so that the caller can record the outcome and send the next message. Raises an error
        only for an invalid message. For an error in the settings, the outcome is ``deferred``.
        """
        return send_message(self.connection, message)

    def close(self) -> None:
        """Close the connection. Ignore errors, because the outcome is already recorded."""
        try:
            self.connection.close()
        except (OSError, AnymailAPIError):
            return

    @staticmethod
    def max_duration() -> timedelta:
        """Return the maximum time from connecting to the response to the content."""
        return smtp.max_session_duration()


def send_message(connection: BaseEmailBackend, message: EmailMultiAlternatives) -> Outcome:
    """Send one message over this connection, which stays open. Returns and raises what ``EmailTransport.send`` does."""
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
        logger.warning("mail server unreachable", extra={"response": detail})
        return Outcome(DeliveryState.DEFERRED, detail)
    try:
        connection.send_messages([message])
    except (OSError, AnymailAPIError) as error:
        state = DeliveryState.FAILED if _is_final(error) else DeliveryState.DEFERRED
        return Outcome(state, error_text(error))
    except AnymailRecipientsRefused as error:
        return Outcome(DeliveryState.FAILED, error_text(error))
    return Outcome(DeliveryState.SENT, stored_line(_receipt(connection, message)))


def provider_options(email: EmailDelivery) -> dict[str, object]:
    """Return the django-anymail options with the email's id. The provider includes this id in its reports."""
    if settings.EMAIL_WEBHOOK in TAG_ONLY_PROVIDERS:
        return {"tags": [email.pk.hex]}
    return {"metadata": {METADATA_KEY: email.pk.hex}} if settings.EMAIL_WEBHOOK else {}


def error_text(error: BaseException) -> str:
    """Return the server's response or the network error, formatted by ``stored_line``."""
    code, text = _reply(error)
    return stored_line(f"{code} {text}" if code else text or type(error).__name__)


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
