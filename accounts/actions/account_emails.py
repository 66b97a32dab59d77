"""Request emails about accounts: each kind is limited for each address, so that nobody can flood a mailbox.

An email is a row in the transaction of its cause. The worker sends it, also if the mail server is away for hours.
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from allauth.core.internal.ratelimit import consume
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.email.models import AccountEmail
from accounts.email.notices import NOTICES
from accounts.email.queue import new_account_email, queue_account_email, queue_account_emails
from accounts.models import User
from core.errors import LimitReached
from core.metrics import count_limit
from outbox.delivery_reports import Report, change_state

logger = logging.getLogger(__name__)


class AccountEmailLimitReached(LimitReached):
    """Staff sent as many emails of this kind to the address as the limit allows."""

    message = "This address was sent several such emails within the last hour or day. Try again later."


def request_account_email(purpose: AccountEmail.Purpose, address: str, *, user: User | None = None) -> None:
    """Queue an email that somebody requested on a page or with the API.

    Queue nothing if the address got many emails of this kind in the last hour or day. The caller must not notice.
    """
    if _count(purpose, address):
        queue_account_email(purpose, address, user=user)
    else:
        count_limit("account_email")
        logger.warning("account email limit reached", extra={"purpose": str(purpose)})


def send_account_email_for_staff(purpose: AccountEmail.Purpose, address: str, *, user: User, language: str) -> None:
    """Queue an email that a staff member requested. Raises AccountEmailLimitReached."""
    if not _count(purpose, address):
        raise AccountEmailLimitReached
    queue_account_email(purpose, address, user=user, language=language)


def send_notices(
    purpose: AccountEmail.Purpose,
    people: Iterable[User],
    *,
    language: str = "",
    address: str | None = None,
    **about: UUID | None,
) -> None:
    """Queue a security notice to each of these people, at their primary address or at ``address``.

    ``about`` are the ids that the notice needs: ``organization_id``, ``person_id`` and ``object_id``. People without an
    active account or an address get none, nor those who have turned off this optional notice. The limit of emails to
    one address applies. Without a ``language``, it is the active one.
    """
    recipients = {user.pk: (user, address or user.email) for user in people if _wants(user, purpose)}
    emails = [
        new_account_email(purpose, to, user=user, language=language, **about)
        for user, to in recipients.values()
        if to and _count(purpose, to)
    ]
    queue_account_emails(emails)


def _wants(user: User, purpose: AccountEmail.Purpose) -> bool:
    return user.is_active and user.is_person and not (NOTICES[purpose].is_optional and purpose in user.muted_notices)


def take_report_about_account_email(*, email_id: UUID, report: Report) -> bool:
    """Record an email provider's report about an email. Return whether it changed the email.

    Like the worker's outcomes, it is in the history of the email and not among the events of the account.
    """
    with transaction.atomic():
        email = AccountEmail.objects.select_for_update(no_key=True).filter(pk=email_id).first()
        if email is None or not change_state(email, report.state, report.response):
            return False
        email.history.create(state=report.state, response=report.response)
    return True


def erase_account_emails(user: User, addresses: set[str]) -> None:
    """Delete the emails about the account, and those to its addresses."""
    emails = AccountEmail.objects.filter(Q(recipient__in=addresses) | Q(user=user))
    emails.lock_unsent()
    emails.delete()


def _count(purpose: AccountEmail.Purpose, address: str) -> bool:
    """Count an email of this kind to this address. Return False if the limit is reached."""
    limits, key = settings.ACCOUNT_EMAIL_LIMITS, f"{purpose} {address}"
    return consume(None, app="accounts", action="account_email", config=limits, key=key, limit_get=True) is not None
