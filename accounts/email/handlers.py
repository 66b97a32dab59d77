"""The handler of emails about accounts: decide whether an email is still wanted, and render it."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import translation

from accounts.actions.account_emails import take_report_about_account_email
from accounts.email.messages import render_account_email
from accounts.email.models import AccountEmail
from accounts.email.purposes import REPLACED_BY_NEWER, Facts, facts_of
from accounts.models import User
from core.addresses import is_erased
from core.emails import ServiceEmail
from outbox.delivery_reports import Report
from outbox.handlers import DeliveryHandler, backoff
from outbox.leases import LeaseLost
from outbox.outcomes import Outcome, dropped

GIVE_UP_AFTER = timedelta(days=1)  # until then, the person has asked again
MAX_DELAY = timedelta(minutes=15)  # somebody waits for the email


class AccountEmailHandler(DeliveryHandler):
    """Handle an email about an account."""

    @staticmethod
    def load(deliveries: Sequence[AccountEmail]) -> "AccountRows":
        """Load the accounts of these emails, and which emails a newer one replaces."""
        return AccountRows(deliveries)

    @cached_property
    def email(self) -> AccountEmail:
        """The email with its account. Raises LeaseLost if the account was deleted."""
        email: AccountEmail = self.delivery
        if email.user_id is not None:
            email.user = self.batch.rows.users.get(email.user_id)
            if email.user is None:
                raise LeaseLost
        return email

    @cached_property
    def facts(self) -> Facts | None:
        """The values of the template, or None if the email is no longer wanted."""
        with translation.override(self.email.language):
            return facts_of(self.email)

    def examine(self) -> Outcome | None:
        """Return an outcome if the email must not be sent, otherwise None."""
        if self.email.pk in self.batch.rows.replaced:
            return dropped("A newer email was requested.")
        if self.facts is None or is_erased(self.email.recipient):
            return dropped("The email is no longer needed.")
        return None

    def render(self) -> ServiceEmail:
        """Return the message in the language of its cause."""
        return render_account_email(self.email, **(self.facts or {}))

    @staticmethod
    def take_report(*, email_id: UUID, report: Report) -> bool:
        """Apply a provider's report to the email."""
        return take_report_about_account_email(email_id=email_id, report=report)

    @property
    def give_up_after(self) -> timedelta:
        """The age at which a deferred email becomes ``failed``."""
        return GIVE_UP_AFTER

    def retry_delay(self, attempts: int, wait: timedelta | None = None) -> timedelta:
        """Return the delay after this many attempts."""
        return backoff(attempts, longest=MAX_DELAY)


class AccountRows:
    """What the emails of a batch need. It is read once, in two queries."""

    def __init__(self, emails: Sequence[AccountEmail]) -> None:
        self.users: dict[UUID, User] = User.objects.in_bulk({email.user_id for email in emails if email.user_id})
        keys = [email.pk for email in emails if email.purpose in REPLACED_BY_NEWER]
        same = {name: OuterRef(name) for name in ("recipient", "purpose")}
        newer = AccountEmail.objects.filter(**same, pk__gt=OuterRef("pk"))
        self.replaced = set(AccountEmail.objects.filter(Exists(newer), pk__in=keys).values_list("pk", flat=True))
