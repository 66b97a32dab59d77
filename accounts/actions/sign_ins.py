"""Record sign-ins and failed attempts as events.

The limits of ``accounts.sign_in_limits`` bound how many failed attempts are recorded: refused attempts are only logged.
"""

import logging
from uuid import UUID

from django.utils.crypto import salted_hmac

from accounts.actions.address_ownership import account_of
from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import Address
from events.models import Event

logger = logging.getLogger(__name__)
NOBODY = Principal(user=None, method=Method.SESSION)


def record_sign_in(user: User, methods: list[str]) -> None:
    """Record that a person has signed in, with the methods used: ``password``, ``totp``, ``recovery_codes``."""
    Event.objects.record(
        "user.signed_in", by=Principal(user=user, method=Method.SESSION), subject=user, methods=methods
    )


def record_failed_sign_in(user: User, reason: str) -> None:
    """Record a failed attempt: ``wrong_password``, ``wrong_code`` or ``deactivated``."""
    Event.objects.record("user.sign_in_failed", by=NOBODY, subject=user, reason=reason)


def record_wrong_password(address: str) -> None:
    """Record a wrong password for an address, also if the address has no account.

    In that case the event's subject is derived from the address, which is not stored. Attempts for the same address
    have the same subject. The work is the same in both cases.
    """
    account = account_of(Address(address))
    record_failed_sign_in(account or User(pk=_unknown_account(address)), "wrong_password")


def _unknown_account(address: str) -> UUID:
    return UUID(bytes=salted_hmac(__name__, address, algorithm="sha256").digest()[:16], version=5)
