"""Deliver emails one at a time or all at once, so that a test can look at each."""

from collections.abc import Sequence
from typing import Any, overload

from django.core import mail
from django.core.mail import EmailMessage

from accounts.email.models import AccountEmail
from invitations.email.models import Email
from outbox.deliver import deliver_batch
from outbox.email_transport import EmailTransport
from outbox.leases import reserve_due, take_lease
from outbox.models import Delivery


def deliver_next(model: type[Delivery] = Email) -> bool:
    """Deliver one email that is due, over a connection of its own. Return False if none is due."""
    transport = EmailTransport()
    try:
        return deliver_batch(model, transport, 1) > 0
    finally:
        transport.close()


def claim_due_email() -> Email | None:
    """Reserve and lease the email that has been due for the longest time. Return None if no email is due."""
    for email in reserve_due(Email, 1):
        take_lease(email)
        return email
    return None


def account_emails() -> list[EmailMessage]:
    """Deliver the emails about accounts, as the worker does. Return all messages that this process has sent."""
    transport = EmailTransport()
    while deliver_batch(AccountEmail, transport, 50):
        pass
    transport.close()
    return mail.outbox


class Mailbox(Sequence[EmailMessage]):
    """What ``account_emails`` returns, whenever somebody looks."""

    @overload
    def __getitem__(self, key: int) -> EmailMessage: ...

    @overload
    def __getitem__(self, key: slice) -> list[EmailMessage]: ...

    def __getitem__(self, key: Any) -> Any:
        return account_emails()[key]

    def __len__(self) -> int:
        return len(account_emails())

    def __eq__(self, other: object) -> bool:
        return account_emails() == other

    __hash__ = None  # type: ignore[assignment]
