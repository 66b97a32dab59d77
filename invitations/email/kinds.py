"""The registry of email handlers. A handler has the code that is specific to one or more kinds of email.

The outbox only queues and delivers. The app that queues an email registers a handler for its kind in the ``ready``
method of its ``AppConfig``. The only handler so far is in ``invitations/email/handlers.py``. ``deliver`` calls four
methods of the handler:

1. ``examine`` decides whether the email may be sent now.
2. ``render`` returns the message.
3. ``on_sent`` runs if the email was sent.
4. ``on_final_failure`` runs if the mail server rejects the email permanently.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives

from invitations.email.models import Email
from invitations.email.transport import Outcome

GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1


class EmailHandler(ABC):
    """Examine and render one email of a batch."""

    def __init__(self, email: Email, batch: "Batch") -> None:
        self.email, self.batch = email, batch

    @staticmethod
    @abstractmethod
    def load(emails: Sequence[Email]) -> Any:
        """Load what these emails need, in a few queries for all of them."""

    @abstractmethod
    def examine(self) -> Outcome | None:
        """Return None if the email may be sent now.

        Otherwise, return ``dropped``, or ``queued`` or ``scheduled`` to try again later.
        """

    @abstractmethod
    def render(self) -> EmailMultiAlternatives:
        """Return the message. Any exception except a database error marks the email as failed."""

    @abstractmethod
    def on_final_failure(self, reason: str) -> None:
        """Act on a permanent rejection by the mail server, in the transaction that records the rejection.

        This runs before the email's row is locked, so it may lock an organization. ``reason`` is a reply code.
        """

    @abstractmethod
    def on_sent(self, sent_at: datetime) -> None:
        """Act on an email that was sent, or that looks like it because its recipient has unsubscribed.

        Like ``on_final_failure``, this runs in the transaction that records it, before the email's row is locked.
        """

    @property
    def give_up_after(self) -> timedelta | None:
        """The age at which a deferred email becomes ``failed``. None means never."""
        return GIVE_UP_AFTER


class Batch:
    """Emails that a worker delivers one after the other. The handlers load their rows together."""

    def __init__(self, emails: Sequence[Email]) -> None:
        self.emails = emails
        self._rows: dict[type[EmailHandler], Any] = {}

    def rows_for(self, handler: type[EmailHandler]) -> Any:
        """Return what ``load`` returned for all emails with this handler."""
        if handler not in self._rows:
            self._rows[handler] = handler.load([email for email in self.emails if _handlers.get(email.kind) is handler])
        return self._rows[handler]


_handlers: dict[str, type[EmailHandler]] = {}


def register_handler(kinds: Iterable[str], handler: type[EmailHandler]) -> None:
    """Register a handler for these kinds of email. Raises ValueError if a kind already has another handler."""
    for kind in kinds:
        if _handlers.setdefault(kind, handler) is not handler:
            raise ValueError(f"Emails of kind {kind} already have a handler.")


def handler_of(email: Email, batch: Batch | None = None) -> EmailHandler:
    """Return a new handler for the email. Raises LookupError if no handler is registered for its kind."""
    return _handlers[email.kind](email, batch or Batch([email]))
