"""What staff do for people who cannot sign in: a lost phone, a forgotten password, an address that gets no email.

Each action needs the Django permission ``accounts.help_user``. Nobody helps themselves, or somebody with more rights in
the admin. No link, token or code is returned: emails go to the person.
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actions.account_emails import send_account_email_for_staff
from accounts.actions.address_ownership import is_free, verify_address
from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import Principal
from accounts.staff_roles import HELP_USER
from core.addresses import Address
from core.errors import Conflict, Invalid, Unprocessable
from events.changed_fields import changes_of
from events.models import Event
from orgs.actions.account_rights import require_permitted_staff_over
from orgs.locks import lock_active_account
from orgs.models import Organization


class PersonNeeded(Unprocessable):
    """A system user does not sign in."""

    message = "Only people sign in."


class NoTwoFactor(Conflict):
    """The person has not set up two-factor authentication."""

    message = "This account has no two-factor authentication."


@transaction.atomic
def remove_two_factor(*, by: Principal, user: User) -> None:
    """Remove all authenticator apps and recovery codes of a person, and tell the person by email.

    Raises what ``lock_to_help`` raises, NoTwoFactor, and AccountEmailLimitReached.
    """
    account = lock_to_help(by, user)
    factors = Authenticator.objects.filter(user=account)
    removed = list(factors.order_by("pk"))
    if not removed:
        raise NoTwoFactor
    factors.delete()
    for factor in removed:
        Event.objects.record("user.two_factor_removed", by=by, subject=account, factor=str(factor.type))
    if account.email:
        email_for_staff(AccountEmail.Purpose.TWO_FACTOR_REMOVED, account, account.email)


@transaction.atomic
def send_password_reset(*, by: Principal, user: User, address: Address) -> None:
    """Email a person a link to choose a new password. The address must be a verified one of the account.

    The limit of emails to one address applies, as to the person's own requests. Raises what ``lock_to_help`` raises,
    Invalid for another address, and AccountEmailLimitReached.
    """
    account = lock_to_help(by, user)
    require_verified(account, address)
    Event.objects.record("user.password_reset_sent", by=by, subject=account)
    email_for_staff(AccountEmail.Purpose.PASSWORD_RESET_BY_STAFF, account, address)


@transaction.atomic
def confirm_address(*, by: Principal, user: User, address: Address) -> None:
    """Mark an unverified address of the account as verified, as if the person had opened the emailed link.

    Staff must know that the mailbox is the person's. The person is told by email to the primary address. Raises what
    ``lock_to_help`` raises, Invalid for an address that is not an unverified one of the account, AddressTaken if
    another account has verified it, and AccountEmailLimitReached.
    """
    account = lock_to_help(by, user)
    row = EmailAddress.objects.filter(user=account, email=address, verified=False).first()
    if row is None:
        raise Invalid(fields={"address": ["The account has no such unverified address."]})
    primary = account.email
    verify_address(by=by, user=account, address=address, address_id=row.pk)
    if primary:
        email_for_staff(AccountEmail.Purpose.ADDRESS_VERIFIED_BY_STAFF, account, primary)


@transaction.atomic
def end_sessions(*, by: Principal, user: User) -> None:
    """Sign a person out everywhere. Tokens of identity providers that were issued before end too.

    API keys and OAuth tokens stay (``accounts.secure_account`` ends them). Raises what ``lock_to_help`` raises.
    """
    account = lock_to_help(by, user)
    ended_at = timezone.now()
    changed = changes_of(account, credentials_ended_at=ended_at)
    account.credentials_ended_at = ended_at
    account.save(update_fields=["credentials_ended_at", "updated_at"])
    Event.objects.record("user.sessions_ended", by=by, subject=account, **changed)


def lock_to_help(by: Principal, user: User) -> User:
    """Lock and return the account of a person that the caller may help.

    Raises AccountNotYours, StaffPermissionMissing, OwnAccount, AccountHasMoreRights, PersonNeeded, and AccountEnded if
    the account is not active.
    """
    account = lock_active_account(user.pk)
    require_help(by, account)
    return account


def require_help(by: Principal, account: User) -> None:
    """Require that the caller may help this person. Raises what ``lock_to_help`` raises, except AccountEnded."""
    require_permitted_staff_over(by, account, HELP_USER)
    if not account.is_person:
        raise PersonNeeded


def require_verified(account: User, address: Address) -> None:
    """Raise Invalid unless this is a verified address of the account."""
    if not EmailAddress.objects.filter(user=account, email=address, verified=True).exists():
        raise Invalid(fields={"address": ["Choose a verified address of this account."]})


def verified_addresses(user: User) -> list[Address]:
    """Return the verified addresses of the account, the primary one first."""
    return _addresses(user, verified=True)


def confirmable_addresses(user: User) -> list[Address]:
    """Return the addresses of the account that ``confirm_address`` accepts."""
    return [address for address in _addresses(user, verified=False) if is_free(address)]


def _addresses(user: User, *, verified: bool) -> list[Address]:
    rows = EmailAddress.objects.filter(user=user, verified=verified).order_by("-primary", "pk")
    return [Address(address) for address in rows.values_list("email", flat=True)]


def email_for_staff(purpose: AccountEmail.Purpose, account: User, address: Address) -> None:
    """Queue an email to the person in their language. Raises AccountEmailLimitReached."""
    send_account_email_for_staff(purpose, address, user=account, language=language_of_person(account))


def language_of_person(user: User) -> str:
    """Return the language for an email to a person: the one of their first organization that has one, or the site's."""
    languages = Organization.objects.filter(memberships__user=user).exclude(language="").order_by("memberships__pk")
    return languages.values_list("language", flat=True).first() or settings.LANGUAGE_CODE
