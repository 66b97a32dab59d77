"""Seats. Each member takes a seat. Each invited address that does not belong to a member also takes a seat.

``organization.invitations`` is the reverse relation of a foreign key in the app ``invitations``. ``orgs`` must not
import that app.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from core.errors import Conflict
from orgs.models import Organization


class NoSeatLeft(Conflict):
    """The organization's seat limit is reached."""

    message = "This organization has no seat left."


def members_fill_seats(organization: Organization) -> bool:
    """Return whether the members alone take all seats. Lock the organization first."""
    limit = organization.seat_limit
    return limit is not None and organization.memberships.count() >= limit


def seats_taken(organization: Organization) -> int:
    """Count members and the distinct addresses of non-members who are invited or waiting for a seat."""
    return organization.memberships.count() + _reserving_addresses(organization).count()


def require_seat(organization: Organization, *addresses: str) -> None:
    """Raise NoSeatLeft unless a seat is free or already reserved for one of the addresses.

    Lock the organization first.
    """
    if organization.seat_limit is None or seats_taken(organization) < organization.seat_limit:
        return
    if not _reserving_addresses(organization).filter(email__in=addresses).exists():
        raise NoSeatLeft(seat_limit=organization.seat_limit)


def _reserving_addresses(organization: Organization) -> QuerySet[Any, Any]:
    of_members = EmailAddress.objects.filter(verified=True, user__memberships__organization=organization)
    reserving = organization.invitations.reserving_seats().exclude(email__in=of_members.values("email"))
    return reserving.values("email").distinct()
