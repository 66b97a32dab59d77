"""Delete emails about accounts that are older than the service keeps."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from accounts.email.models import AccountEmail

MAX_DELETED = 1000  # limits the run time of the statement


def account_emails_before(moment: datetime) -> QuerySet[AccountEmail]:
    """Return the emails that were requested before this time, the oldest first."""
    return AccountEmail.objects.filter(created_at__lt=moment).order_by("created_at")


def delete_account_emails_before(moment: datetime) -> Iterator[int]:
    """Delete ``account_emails_before``, in short transactions. Yield how many after each."""
    old = account_emails_before(moment).values_list("pk", flat=True)
    while keys := list(old[:MAX_DELETED]):
        AccountEmail.objects.filter(pk__in=keys).delete()
        yield len(keys)
