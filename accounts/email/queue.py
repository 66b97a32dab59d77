"""Queue, query and delete emails about accounts. They are queued in the transaction of their cause."""

from django.conf import settings
from django.utils import translation

from accounts.email.models import AccountEmail
from accounts.models import User
from core.addresses import Address
from core.compiled_inserts import insert
from core.emails import message_id
from core.ids import uuid7


def queue_account_email(
    purpose: AccountEmail.Purpose, recipient: str, *, user: User | None, language: str = ""
) -> AccountEmail:
    """Add an email to the outbox. ``user`` is the account that it is about.

    Without a ``language``, it is the active one. The work is the same for each purpose and recipient, with and without
    an account.
    """
    key = uuid7()
    email = AccountEmail(
        id=key,
        purpose=purpose,
        recipient=Address(recipient),
        user=user,
        language=language or translation.get_language() or settings.LANGUAGE_CODE,
        message_id=message_id(key),
    )
    insert(email)
    return email
