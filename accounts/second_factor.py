"""Whether a person has set up two-factor authentication."""

from allauth.mfa.models import Authenticator

from accounts.models import User


def has_second_factor(user: User) -> bool:
    """Return whether the user signs in with a second factor. Recovery codes alone do not count."""
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return factors.exists()
