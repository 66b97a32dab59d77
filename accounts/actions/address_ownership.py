"""Find the owner of an email address, which is the account that has verified it, and give an address to an account."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery

from accounts.actions.account_emails import send_notices
from accounts.email.models import AccountEmail
from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from core.addresses import Address
from core.errors import Conflict
from events.changed_fields import changes_of, describe_changes, values_of
from events.models import Event


class AddressTaken(Conflict):
    """Another account has verified this address."""

    message = "This address belongs to another account."


def is_taken(address: Address) -> bool:
    """Return whether any account uses this address to sign in or has verified it."""
    return account_of(address) is not None


def account_of(address: Address) -> User | None:
    """Return the account that has verified the address, else the one that uses it to sign in, or None.

    This always runs two queries, so that the time does not tell whether the address has an account.
    """
    verified = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    signs_in = User.objects.filter(email=address).first()
    return verified.user if verified else signs_in


def verified_owner(address: Address) -> User | None:
    """Return the account that has verified this address, or None."""
    return User.objects.filter(emailaddress__email=address, emailaddress__verified=True).first()


def needs_first_password(owner: User | None) -> bool:
    """Return whether the emailed link of an invitation lets this account set its first password.

    Such an account is known by an identity provider only, and staff have never ended its credentials. Who had
    credentials before, and staff, choose a password with a reset link, which goes to their address only and works once.
    """
    if owner is None or not owner.is_active or not owner.is_person or owner.is_staff:
        return False
    return owner.credentials_ended_at is None and not owner.has_usable_password()


def was_deleted_by_owner(account: User) -> bool:
    """Return whether the person deleted their account themselves. What staff closed stays closed."""
    if account.deleted_at is None:
        return False
    deletion = Event.objects.about(account).filter(kind="user.deleted").last()
    return deletion is not None and deletion.actor_id == account.pk


def is_closed_by_staff(address: Address) -> bool:
    """Return whether staff closed the account that has verified this address. This runs one query in every case."""
    deletions = Event.objects.filter(subject_type="user", subject_id=OuterRef("pk"), kind="user.deleted")
    owners = User.objects.filter(emailaddress__email=address, emailaddress__verified=True, is_active=False)
    owners = owners.annotate(deleted_by=Subquery(deletions.order_by("-id").values("actor_id")[:1]))
    return owners.filter(Q(deleted_at=None) | Q(deleted_by=None) | ~Q(deleted_by=F("pk"))).exists()


def is_free(address: Address) -> bool:
    """Return whether a person who controls the mailbox can have this address.

    It is free if no account has verified it, or if its owner has deleted that account.
    """
    owner = verified_owner(address)
    return owner is None or was_deleted_by_owner(owner)


def release_address(address: Address, *, but_of: User | None = None) -> None:
    """Remove the address from every account that has not verified it, and from an account that its owner deleted.

    Call this when a person has just verified the address. The address stays with ``but_of``. A deleted account also
    loses its external identities, so that their next tokens find the person's new account.
    """
    drop_unverified_addresses(address, but_of=but_of)
    verified = {"emailaddress__email": address, "emailaddress__verified": True}
    owner = User.objects.select_for_update(no_key=True).filter(**verified).first()
    if owner is None or owner == but_of or not was_deleted_by_owner(owner):
        return
    EmailAddress.objects.filter(user=owner, email=address).delete()
    for identity in owner.identities.all():
        Event.objects.record("identity.unlinked", by=SERVICE, subject=identity, user_id=owner.pk)
        identity.delete()
    _lose_address(owner, address)


def drop_unverified_addresses(address: Address, *, but_of: User | None = None) -> None:
    """Remove the address from every account that has not verified it, except ``but_of``.

    Call this when a person has just verified the address. Without this step, someone could sign up with an address that
    belongs to another person, and so block it. If an account loses its sign-in address, an event is recorded.
    """
    others = User.objects.exclude(pk__in=[but_of.pk] if but_of else [])
    EmailAddress.objects.filter(email=address, verified=False, user__in=others).delete()
    verified = EmailAddress.objects.filter(email=address, verified=True).values("user")
    for former_owner in others.filter(email=address).exclude(pk__in=verified):
        _lose_address(former_owner, address)


def verify_address(*, by: Principal, user: User, address: Address, **facts: Any) -> None:
    """Store the address as a verified one of the user, and remove it from accounts that have no right to it.

    Call this inside a transaction, and only if the person has just proven access to the mailbox, or staff vouch for it.
    If the user has no primary address, this address becomes the primary one. The event has the ``facts``. Raises
    AddressTaken if another account has verified it.
    """
    release_address(address, but_of=user)
    former = values_of(user, ["email"])
    addresses = EmailAddress.objects.filter(user=user)
    try:
        with transaction.atomic():
            if not addresses.filter(email=address, verified=False).update(verified=True):
                if addresses.filter(email=address).exists():
                    return  # a concurrent request has verified it
                is_first = not addresses.filter(primary=True).exists()
                EmailAddress.objects.create(user=user, email=address, verified=True, primary=is_first)
            if user.email is None:
                user.email = address
                user.save(update_fields=["email", "updated_at"])
    except IntegrityError as error:
        raise AddressTaken from error
    changed = describe_changes(former, values_of(user, ["email"]), of=User)
    Event.objects.record("user.address_proven", by=by, subject=user, **facts, **changed)
    if by.method != Method.STAFF:  # the email from staff says the same
        tell_about_address(user, address)


def tell_about_address(user: User, address: str) -> None:
    """Tell a person at their primary address that they can now sign in with a further one."""
    if user.email != address:
        send_notices(AccountEmail.Purpose.ADDRESS_ADDED, [user])


def _lose_address(account: User, address: Address) -> None:
    """Record that the account has lost the address, and remove it if it is the address for signing in."""
    removed = User.objects.filter(pk=account.pk, email=address).update(email=None)
    changed = changes_of(account, email=None if removed else account.email)
    Event.objects.record("user.address_lost", by=SERVICE, subject=account, **changed)
