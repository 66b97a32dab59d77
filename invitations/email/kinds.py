"""The registry of email handlers. A handler has the code that is specific to one or more kinds of email.

The outbox only queues and delivers. The app that queues an email registers a handler for its kind in the ``ready``
method of its ``AppConfig``. The only handler so far is in ``invitations/email/handlers.py``. ``deliver`` calls three
methods of the handler:

1. ``examine`` decides whether the email may be sent now.
2. ``render`` returns the message.
3. ``on_final_failure`` runs if the mail server rejects the email permanently.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import timedelta

from django.core.mail import EmailMultiAlternatives

from invitations.email.models import Email
from invitations.email.transport import Outcome

GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1


class EmailHandler(ABC):
    """Examine and render one email. Each delivery creates a new handler, so a handler can cache rows."""

    def __init__(self, email: Email) -> None:
        self.email = email

    @abstractmethod
    def examine(self) -> Outcome | None:
        """Return None if the email may be sent now. Otherwise, return ``dropped``, or ``queued`` to try again later."""

    @abstractmethod
    def render(self) -> EmailMultiAlternatives:
        """Return the message. Any exception except a database error marks the email as failed."""

    @abstractmethod
    def on_final_failure(self, reason: str) -> None:
        """Act on a permanent rejection by the mail server, in the transaction that records the rejection.

        This runs before the email's row is locked, so it may lock an organization. ``reason`` is a reply code.
        """

    @property
    def give_up_after(self) -> timedelta | None:
        """The age at which a deferred email becomes ``failed``. None means never."""
        return GIVE_UP_AFTER


_handlers: dict[str, type[EmailHandler]] = {}


def register_handler(kinds: Iterable[str], handler: type[EmailHandler]) -> None:
    """Register a handler for these kinds of email. Raises ValueError if a kind already has another handler."""
    for kind in kinds:
        if _handlers.setdefault(kind, handler) is not handler:
            raise ValueError(f"Emails of kind {kind} already have a handler.")


def handler_of(email: Email) -> EmailHandler:
    """Return a new handler for the email. Raises LookupError if no handler is registered for its kind."""
    return _handlers[email.kind](email)
