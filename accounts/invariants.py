"""What is always true of accounts (``core.invariants``)."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import User
from core.addresses import STORED_PATTERN
from core.invariants import invariant

Keys = QuerySet[Any, Any]


@invariant
def verified_addresses_have_one_account() -> Keys:
    """A verified email address belongs to one account."""
    addresses = EmailAddress.objects.filter(verified=True).order_by().values("email")
    return addresses.annotate(accounts=Count("pk")).filter(accounts__gt=1).values_list("email", flat=True)


@invariant
def addresses_of_accounts_are_normalized() -> Keys:
    """The email addresses of accounts are stored in their normalized form."""
    return EmailAddress.objects.exclude(email__regex=STORED_PATTERN).order_by().values_list("pk", flat=True)


@invariant
def sign_in_addresses_belong_to_the_account() -> Keys:
    """The sign-in address of an account is one of its email addresses."""
    own = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"))
    return User.objects.filter(~Exists(own), email__isnull=False).order_by().values_list("pk", flat=True)
