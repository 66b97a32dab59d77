"""Which account an email address belongs to: the one that has verified it."""

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.principals import SERVICE
from core.addresses import Address
from events.models import Event


def is_taken(address: Address) -> bool:
    """Return whether an account signs in with this address or has verified it."""
    return User.objects.filter(email=address).exists() or is_proven(address)


def is_proven(address: Address) -> bool:
    """Return whether an account has verified this address."""
    return EmailAddress.objects.filter(email=address, verified=True).exists()


def drop_unproven_claims(address: Address, *, but_of: User | None = None) -> None:
    """Remove the address from every account that has not verified it, except ``but_of``.

    Call this when somebody has just verified the address. Otherwise a person could block an address by signing up with
    it before its owner does. Each account that loses its sign-in address gets an event.
    """
    others = User.objects.exclude(pk__in=[but_of.pk] if but_of else [])
    EmailAddress.objects.filter(email=address, verified=False, user__in=others).delete()
    proven = EmailAddress.objects.filter(email=address, verified=True).values("user")
    for claimant in others.filter(email=address).exclude(pk__in=proven):
        User.objects.filter(pk=claimant.pk).update(email=None)
        Event.objects.record("user.address_lost", by=SERVICE, subject=claimant)
