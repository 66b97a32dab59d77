"""Seats. Each member takes a seat. Each invited address that does not belong to a member also takes a seat.

``organization.invitations`` is the reverse relation of a foreign key in the app ``invitations``. ``orgs`` must not
import that app.
"""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, F, OuterRef, QuerySet

from core.any_of import AnyOf
from core.errors import Conflict
from core.rows import count_up_to
from orgs.models import Organization


class NoSeatLeft(Conflict):
    """The organization's seat limit is reached."""

    message = "This organization has no seat left."


def members_fill_seats(organization: Organization) -> bool:
    """Return whether the members alone take all seats. Lock the organization first."""
    limit = organization.seat_limit
    return limit is not None and _members_up_to(limit, organization) >= limit


def seats_taken(organization: Organization) -> int:
    """Count members and the distinct addresses of non-members who are invited or waiting for a seat.

    The addresses of open invitations are many. They are counted alone, because PostgreSQL then reads them from an
    index, in order.
    """
    open_rows, waiting = organization.invitations.open(), organization.invitations.waiting().order_by()
    invited = open_rows.values("email").distinct().count()
    only_waiting = waiting.filter(~Exists(open_rows.filter(email=OuterRef("email")))).values("email").distinct().count()
    reserving = organization.invitations.reserving_seats().filter(email=OuterRef("email"))
    of_members = EmailAddress.objects.filter(Exists(reserving), verified=True).filter(
        user__memberships__organization=organization
    )
    return organization.memberships.count() + invited + only_waiting - of_members.count()


def free_seats(organization: Organization) -> int | None:
    """Return how many seats are free. None means that there is no limit. Lock the organization first."""
    limit = organization.seat_limit
    return None if limit is None else max(0, limit - seats_taken(organization))


def reserving_among(organization: Organization, addresses: Iterable[str]) -> set[str]:
    """Return those addresses for which a seat is reserved already."""
    reserving = _reserved_for_non_members(organization).filter(AnyOf(F("email"), list(addresses)))
    return set(reserving.values_list("email", flat=True))


def require_seat(organization: Organization, *addresses: str) -> None:
    """Raise NoSeatLeft unless a seat is free or already reserved for one of the addresses.

    Lock the organization first.
    """
    limit = organization.seat_limit
    if limit is None or _few_reserve(organization, limit):
        return
    if _reserved_for_non_members(organization).filter(email__in=addresses).exists():
        return
    if seats_taken(organization) >= limit:
        raise NoSeatLeft(seat_limit=limit)


def _few_reserve(organization: Organization, limit: int) -> bool:
    """Return whether a seat is free even if each invitation takes one.

    This check is faster than ``seats_taken``, because it reads one index and sorts nothing. A seat may be free even if
    it returns False: an address with several invitations takes only one seat, and the address of a member takes none.
    """
    free = limit - _members_up_to(limit, organization)
    return count_up_to(free, organization.invitations.reserving_seats().values("expires_at")) < free


def _members_up_to(limit: int, organization: Organization) -> int:
    return count_up_to(limit, organization.memberships.values("user"))


def _reserved_for_non_members(organization: Organization) -> QuerySet[Any, Any]:
    of_members = EmailAddress.objects.filter(
        email=OuterRef("email"), verified=True, user__memberships__organization=organization
    )
    return organization.invitations.reserving_seats().filter(~Exists(of_members))
