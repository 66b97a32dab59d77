"""For how many rows there is room: seats, open invitations, and the sending limits."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address
from invitations.bulk.checks import Candidate, Party, parties_of
from invitations.bulk.rows import RowRefused, RowVerdict
from invitations.email.limits import (
    count_recipients,
    open_slots_left,
    scheduled_slots_left,
    sending_times,
    uncount_recipients,
)
from orgs.models import Organization
from orgs.seats import free_seats, reserving_among

RECIPIENT, OPEN_INVITATIONS, SCHEDULED = "recipient", "open_invitations", "scheduled"  # reasons for ``over_limit``

Placed = tuple[Party, datetime | RowRefused | None]


def placed(by: Principal, organization: Organization, candidates: Sequence[Candidate]) -> list[Placed]:
    """Return each email's rows with the time at which it may be sent (None: now), or with why they are refused.

    Counts the emails to the recipients. The caller must have locked the organization, and sends what is not refused.
    """
    parties = parties_of(candidates)
    at_limit = _at_recipient_limit(parties)
    found = list(_placed(by, organization, parties, at_limit))
    refused = [party for party, when in found if isinstance(when, RowRefused)]
    _uncount([party for party in refused if party[0].place not in at_limit])
    return found


def _placed(
    by: Principal, organization: Organization, parties: Sequence[Party], at_limit: set[int]
) -> Iterator[Placed]:
    room = _Room(by, organization, parties, len(parties) - len(at_limit))
    for party in parties:
        try:
            if party[0].place in at_limit:
                raise RowRefused(RowVerdict.OVER_LIMIT, RECIPIENT)
            yield party, room.take(party)
        except RowRefused as refused:
            yield party, refused


class _Room:
    """The seats, the open invitations and the times that are left. Each email takes its own, in the order of the rows.

    If the organization has reached its limit of open invitations, no row is sent. Otherwise the rows that find no slot
    any more are scheduled: the worker sends them as soon as other invitations have been answered.
    """

    def __init__(self, by: Principal, organization: Organization, parties: Sequence[Party], emails: int) -> None:
        self.free_seats = free_seats(organization)
        addresses = {party[0].address for party in parties}
        self.seated = set() if self.free_seats is None else reserving_among(organization, addresses)
        self.times = sending_times(by, organization, emails)[::-1]
        self.open_slots, self.scheduled_slots = open_slots_left(organization), scheduled_slots_left(organization)
        self.is_full, self.now = self.open_slots < 1, timezone.now()

    def take(self, party: Party) -> datetime | None:
        """Return when the next email may be sent. Raises RowRefused if something is used up.

        The rows need one seat, one time, and an open slot each.
        """
        address = party[0].address
        needs_seat = self.free_seats is not None and address not in self.seated
        if needs_seat and not self.free_seats:
            raise RowRefused(RowVerdict.NO_SEAT)
        moment = self.times[-1]
        if moment is None and self.is_full:
            raise RowRefused(RowVerdict.OVER_LIMIT, OPEN_INVITATIONS)
        if moment is None and self.open_slots < len(party):
            moment = self.now
        if moment is not None and self.scheduled_slots < 1:
            raise RowRefused(RowVerdict.OVER_LIMIT, SCHEDULED)
        self.times.pop()
        self.open_slots -= len(party) if moment is None else 0
        self.scheduled_slots -= moment is not None
        if self.free_seats is not None and needs_seat:
            self.free_seats -= 1
            self.seated.add(address)
        return moment


def _at_recipient_limit(parties: Sequence[Party]) -> set[int]:
    """Count one email for each party. Return the first places of those whose recipient has reached the hourly limit."""
    return {
        party[0].place
        for once_each in _once_each(parties)
        for reached in [count_recipients(once_each)]
        for address, party in once_each.items()
        if address in reached
    }


def _uncount(parties: Sequence[Party]) -> None:
    for once_each in _once_each(parties):
        uncount_recipients(once_each)


def _once_each(parties: Sequence[Party]) -> list[dict[Address, Party]]:
    """Divide the parties so that each part has each address once. A person can get several emails."""
    parts: list[dict[Address, Party]] = []
    times: dict[Address, int] = defaultdict(int)
    for party in parties:
        address = party[0].address
        part = times[address]
        times[address] += 1
        if part == len(parts):
            parts.append({})
        parts[part][address] = party
    return parts
