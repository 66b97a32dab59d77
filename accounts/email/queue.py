"""Queue, query and delete emails about accounts. They are queued in the transaction of their cause."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils import translation

from accounts.email.models import AccountEmail
from accounts.models import User
from core.addresses import Address
from core.compiled_inserts import insert
from core.emails import message_id
from core.ids import uuid7
from outbox.queue_state import queue_state


def queue_account_email(
    purpose: AccountEmail.Purpose, recipient: str, *, user: User | None, language: str = ""
) -> AccountEmail:
    """Add an email to the outbox. ``user`` is the account that it is about.

    Without a ``language``, it is the active one. The work is the same for each purpose and recipient, with and without
    an account.
    """
    email = new_account_email(purpose, recipient, user=user, language=language)
    insert(email)
    return email


def queue_account_emails(emails: Sequence[AccountEmail]) -> None:
    """Add emails to the outbox in one statement."""
    insert(*emails)


def emails_are_delayed() -> bool:
    """Return whether emails about accounts are not sent at once, because no worker or no mail server responds."""
    return not queue_state(AccountEmail).is_healthy


def new_account_email(
    purpose: AccountEmail.Purpose, recipient: str, *, user: User | None, language: str = "", **ids: UUID | None
) -> AccountEmail:
    """Return an email that is not saved yet. ``ids`` are ``organization_id``, ``person_id``, ``object_id``."""
    key = uuid7()
    return AccountEmail(
        id=key,
        purpose=purpose,
        recipient=Address(recipient),
        user=user,
        language=language or translation.get_language() or settings.LANGUAGE_CODE,
        message_id=message_id(key),
        **ids,
    )
