"""Who has an address: whoever has proven it. A claim that nobody proved gives way to somebody who has."""

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.principals import SERVICE
from core.addresses import Address
from events.models import Event


def is_taken(address: Address) -> bool:
    """Whether an account has this address, as the one to sign in with or as a proven one."""
    return User.objects.filter(email=address).exists() or is_proven(address)


def is_proven(address: Address) -> bool:
    """Whether an account has proven this address."""
    return EmailAddress.objects.filter(email=address, verified=True).exists()


def drop_unproven_claims(address: Address, *, but_of: User | None = None) -> None:
    """Take the address from every account (but one) that has it without having proven it.

    For somebody who has proven it just now: otherwise whoever types in a stranger's address would keep the stranger
    from having an account.
    """
    others = User.objects.exclude(pk__in=[but_of.pk] if but_of else [])
    EmailAddress.objects.filter(email=address, verified=False, user__in=others).delete()
    proven = EmailAddress.objects.filter(email=address, verified=True).values("user")
    for claimant in others.filter(email=address).exclude(pk__in=proven):
        User.objects.filter(pk=claimant.pk).update(email=None)
        Event.objects.record("user.address_lost", by=SERVICE, subject=claimant)
