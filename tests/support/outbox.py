"""Deliver emails one at a time, so that a test can look at each."""

from invitations.email.models import Email
from outbox.deliver import deliver_batch
from outbox.email_transport import EmailTransport
from outbox.leases import reserve_due, take_lease


def deliver_next() -> bool:
    """Deliver one email about an invitation that is due, over a connection of its own. Return False if none is due."""
    transport = EmailTransport()
    try:
        return deliver_batch(Email, transport, 1) > 0
    finally:
        transport.close()


def claim_due_email() -> Email | None:
    """Reserve and lease the email that has been due for the longest time. Return None if no email is due."""
    for email in reserve_due(Email, 1):
        take_lease(email)
        return email
    return None
