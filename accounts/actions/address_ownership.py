"""Find the owner of an email address: the account that has verified it."""

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.principals import SERVICE
from core.addresses import Address
from events.models import Event


def is_taken(address: Address) -> bool:
    """Return whether any account uses this address to sign in or has verified it."""
    return account_of(address) is not None


def is_verified(address: Address) -> bool:
    """Return whether an account has verified this address."""
    return EmailAddress.objects.filter(email=address, verified=True).exists()


def account_of(address: Address) -> User | None:
    """Return the account that has verified the address, else the one that uses it to sign in, or None.

    This always runs two queries, so that the time does not tell whether the address has an account.
    """
    verified = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    signs_in = User.objects.filter(email=address).first()
    return verified.user if verified else signs_in


def drop_unverified_addresses(address: Address, *, but_of: User | None = None) -> None:
    """Remove the address from every account that has not verified it, except ``but_of``.

    Call this when a person has just verified the address. Without this step, someone could sign up with an address that
    belongs to another person, and so block it. If an account loses its sign-in address, an event is recorded.
    """
    others = User.objects.exclude(pk__in=[but_of.pk] if but_of else [])
    EmailAddress.objects.filter(email=address, verified=False, user__in=others).delete()
    verified = EmailAddress.objects.filter(email=address, verified=True).values("user")
    for former_owner in others.filter(email=address).exclude(pk__in=verified):
        User.objects.filter(pk=former_owner.pk).update(email=None)
        Event.objects.record("user.address_lost", by=SERVICE, subject=former_owner)
