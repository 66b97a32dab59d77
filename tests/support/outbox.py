"""Deliver emails one at a time, so that a test can look at each."""

from core.smtp import connection_for_worker
from invitations.email.deliver import deliver_batch
from invitations.email.leases import reserve_due, take_lease
from invitations.email.models import Email
from invitations.email.transport import close_connection


def deliver_next() -> bool:
    """Deliver one email that is due, over a connection of its own. Return False if none is due."""
    connection = connection_for_worker()
    try:
        return deliver_batch(connection, 1) > 0
    finally:
        close_connection(connection)


def claim_due_email() -> Email | None:
    """Reserve and lease the email that has been due for the longest time. Return None if no email is due."""
    for email in reserve_due(1):
        take_lease(email)
        return email
    return None
