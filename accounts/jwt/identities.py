"""From what a trusted issuer claims to one user of ours.

A known identity is its user. A new one is linked to whoever has proven the same, verified address and is not linked to
this issuer yet; otherwise it gets a user of its own. An address that the issuer has not verified matches nothing.
"""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.actions.address_ownership import drop_unproven_claims, is_proven
from accounts.jwt.tokens import Claims, InvalidCredentials
from accounts.models import ExternalIdentity, User
from accounts.principals import Method, Principal
from core.addresses import Address
from core.text import validate_plain_text
from events.models import Event

ATTEMPTS = 3


def user_of(claims: Claims) -> User:
    """The user whom these claims are about, made at the first visit; the same one however many ask at once.

    Raises InvalidCredentials for a first visit of somebody whose account has ended.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _user_of(claims)
        except IntegrityError:  # somebody was first with this identity, or with this address
            continue
    return _user_of(claims)


def _user_of(claims: Claims) -> User:
    """A known user who has nothing new to prove is found without a transaction, which on SQLite waits for writers."""
    known = ExternalIdentity.objects.select_related("user")
    identity = known.filter(issuer=claims.issuer, subject=claims.subject).first()
    if identity is None:
        return _first_visit(claims)
    if identity.user.is_active:
        _prove(identity.user, claims.verified_address)
    return identity.user


@transaction.atomic
def _first_visit(claims: Claims) -> User:
    user = _to_link(claims) or _register(claims)
    if not user.is_active:
        raise InvalidCredentials
    identity = ExternalIdentity.objects.create(user=user, issuer=claims.issuer, subject=claims.subject)
    Event.objects.record("identity.linked", by=_as(user), subject=identity, user_id=user.pk)
    return user


def _to_link(claims: Claims) -> User | None:
    """Whoever has proven the address, unless another identity of this issuer is theirs already."""
    if claims.verified_address is None:
        return None
    proven = EmailAddress.objects.filter(email=claims.verified_address, verified=True)
    others = proven.exclude(user__identities__issuer=claims.issuer).select_related("user")
    address = others.first()
    return address.user if address else None


def _register(claims: Claims) -> User:
    names = {"first_name": _usable(claims.first_name), "last_name": _usable(claims.last_name)}
    user = User.objects.create_user(None, **names)
    Event.objects.record("user.registered", by=_as(user), subject=user, user_kind=user.kind)
    _prove(user, claims.verified_address)
    return user


def _prove(user: User, address: Address | None) -> None:
    """Count the address as the user's, unless somebody, perhaps this user, has proven it."""
    if address is not None and not is_proven(address):
        _record_proof(user, address)


@transaction.atomic
def _record_proof(user: User, address: Address) -> None:
    """Whoever only claims the address gives way; it becomes the main one of a user who had none.

    Raises IntegrityError when another request was first.
    """
    drop_unproven_claims(address, but_of=user)
    addresses = EmailAddress.objects.filter(user=user)
    if not addresses.filter(email=address, verified=False).update(verified=True):
        is_first = not addresses.filter(primary=True).exists()
        EmailAddress.objects.create(user=user, email=address, verified=True, primary=is_first)
    if user.email is None:
        user.email = address
        user.save(update_fields=["email", "updated_at"])
    Event.objects.record("user.address_proven", by=_as(user), subject=user)


def _usable(name: str) -> str:
    """The name, when it is one that could be typed here; a strange one is left out, not refused."""
    short = name[:128].strip()
    try:
        validate_plain_text(short)
    except ValidationError:
        return ""
    return short


def _as(user: User) -> Principal:
    return Principal(user=user, method=Method.JWT)
