"""Slow down people who guess passwords or codes, without locking out the person whose account it is.

Wrong attempts count by client and by account (``settings.SIGN_IN_LIMITS``). A client is an IP address, or a browser
that has signed in to the account before (``accounts.known_devices``). The attempts of others never count for a known
browser. When many clients together guess for one account, every other client gets fewer attempts, but always some.
"""

from dataclasses import dataclass, field

from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import RateLimitUsage, clear, consume, truncate_ip
from django.conf import settings
from django.http import HttpRequest

from accounts.actions.address_ownership import account_of
from accounts.known_devices import has_device_cookie, known_device
from accounts.models import User
from core.addresses import Address


@dataclass
class SignInAttempt:
    """An attempt to sign in, which counts as a wrong one until ``succeeded`` is called."""

    counted: list[RateLimitUsage] = field(default_factory=list)

    def succeeded(self) -> None:
        """Stop counting the attempt."""
        for usage in self.counted:
            usage.rollback()


def password_attempt(request: HttpRequest, address: str) -> SignInAttempt | None:
    """Count an attempt with a password for this address. Return None if there were too many."""
    return _attempt(request, f"password {address}", _device_of_address(request, address))


def code_attempt(request: HttpRequest, user: User) -> SignInAttempt | None:
    """Count an attempt with a code of two-factor authentication. Return None if there were too many."""
    return _attempt(request, f"code {user.pk}", _own_session(request) or known_device(request, [user.pk]))


def forget_attempts(request: HttpRequest, addresses: list[str], user: User) -> None:
    """Forget the wrong attempts for an account, because its password was reset by an emailed link.

    This includes the attempts of this browser if it is a known one, and those of the user's own sessions.
    """
    clients = {_client(request, None), _client(request, known_device(request, [user.pk])), str(user.pk)}
    for account in (*(f"password {address}" for address in addresses), f"code {user.pk}"):
        _clear(request, "by_account", account)
        for client in clients:
            _clear(request, "by_client_and_account", f"{client} {account}")
            _clear(request, "by_client_during_attack", f"{client} {account}")


def _attempt(request: HttpRequest, account: str, device: str | None) -> SignInAttempt | None:
    client = _client(request, device)
    if not _count(request, "by_client", client):
        return None
    attempt = SignInAttempt()
    limits = [("wrong_by_client_and_account", f"{client} {account}")]
    if device is None:
        limits.append(("wrong_by_client", client))
    for action, key in limits:
        if not _add(attempt, _count(request, action, key)):
            return None
    return attempt if device or _add(attempt, _count_for_account(request, client, account)) else None


def _count_for_account(request: HttpRequest, client: str, account: str) -> RateLimitUsage | None:
    """Count an attempt of an unknown client. During an attack by many clients, each has fewer attempts."""
    calm = _count(request, "wrong_by_account", account)
    return calm or _count(request, "wrong_by_client_during_attack", f"{client} {account}")


def _add(attempt: SignInAttempt, usage: RateLimitUsage | None) -> bool:
    """Add the usage. If there is none, the limit is reached: take back what the attempt has counted."""
    if usage is None:
        attempt.succeeded()
        return False
    attempt.counted.append(usage)
    return True


def _count(request: HttpRequest, action: str, key: str) -> RateLimitUsage | None:
    return consume(request, app=__name__, action=action, config=settings.SIGN_IN_LIMITS, key=key)


def _clear(request: HttpRequest, action: str, key: str) -> None:
    clear(request, app=__name__, action=f"wrong_{action}", config=settings.SIGN_IN_LIMITS, key=key)


def _client(request: HttpRequest, device: str | None) -> str:
    return device or truncate_ip(get_adapter().get_client_ip(request))


def _own_session(request: HttpRequest) -> str | None:
    """Return the id of the signed-in user, who is entering the password again."""
    return str(request.user.pk) if request.user.is_authenticated else None


def _device_of_address(request: HttpRequest, address: str) -> str | None:
    if _own_session(request) or not has_device_cookie(request):
        return _own_session(request)
    account = account_of(Address(address))
    return known_device(request, [account.pk] if account else [])
