"""How commands find what their arguments name."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.actions.address_ownership import account_of
from accounts.models import User
from accounts.principals import Principal, may_act_as_staff, staff
from core.addresses import Address, normalize_address
from core.errors import DomainError
from core.ids import parse_uuid
from orgs.models import Organization, OrganizationQuerySet


def organization_named(key: str, among: OrganizationQuerySet | None = None) -> Organization:
    """Return the organization with this slug or ID, by default one that is not archived. Raises CommandError."""
    found = Organization.objects.live() if among is None else among
    pk = parse_uuid(key)
    organization = (found.filter(slug=key) if pk is None else found.filter(pk=pk)).first()
    if organization is None:
        raise CommandError(f"There is no organization {key}.")
    return organization


def account_named(key: str) -> User:
    """Return the account with this ID, or that has verified this email address or signs in with it.

    Raises CommandError.
    """
    pk = parse_uuid(key)
    account = account_of(read_address(key)) if pk is None else User.objects.filter(pk=pk).first()
    if account is None:
        raise CommandError(f"There is no account {key}.")
    return account


def staff_named(address: str | None, permission: str) -> Principal:
    """Return the staff member with this address, or else the first superuser, to act by this Django permission.

    Raises CommandError.
    """
    if address is None:
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("created_at", "pk").first()
        if user is None:
            raise CommandError(
                "There is no superuser. Run manage.py createsuperuser, or name a staff member with --as."
            )
    else:
        user = account_named(address)
    if not may_act_as_staff(user, permission):
        raise CommandError(f"{user} is not staff who may do this.")
    return staff(user, permission)


def read_address(text: str) -> Address:
    """Return the normalized email address. Raises CommandError."""
    try:
        return normalize_address(text)
    except ValidationError as error:
        raise CommandError(f"{text}: {' '.join(error.messages)}") from error


def explain_refusal(error: DomainError | ValidationError) -> CommandError:
    """Return the error of a command for what an action has raised."""
    if isinstance(error, ValidationError):
        return CommandError("; ".join(error.messages))
    fields = "; ".join(text for texts in (error.fields or {}).values() for text in texts)
    return CommandError(fields or str(error.message))
