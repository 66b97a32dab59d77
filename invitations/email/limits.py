"""Sending limits: when emails to invitees may be sent, and how many invitations may be open at the same time.

Nobody is refused for the daily limits of the organization and of the person who invites: an email over such a limit is
scheduled for the time when the limit permits it (``budgets``). If the hourly limit of a recipient or the limit of open
invitations is reached, an error rolls back the whole transaction.

A sending limit applies to a sliding window, for example the last 24 hours. The limits are exact even under concurrency.
Emails of one organization are counted while the organization is locked. Limits across organizations use a row of
``SendingCounter``. An upsert locks that row until the transaction ends. Recipients are locked before the person who
invites.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, IntegerField, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address
from core.compiled_inserts import insert
from core.compiled_rows import CompiledRows
from core.errors import Conflict, LimitReached, QuotaMixin
from core.new_rows import new_row
from core.rows import count_up_to
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from invitations.email.budgets import DAY, Budget, counted_since, first_free, is_used_up
from invitations.email.models import Email, EmailQuerySet
from invitations.models import Invitation
from orgs.models import Organization, OrganizationQuerySet

HOUR = timedelta(hours=1)
YOUNG_AGE = timedelta(days=30)


class SendingLimitReached(Exception):
    """The organization's daily limit permits no further email now. A reminder waits for a later run."""


class RecipientSendingLimitReached(LimitReached):
    """The address has reached its hourly limit of requested emails, across all organizations."""

    message = "This address was sent several emails within the last hour. Try again later."


class TooManyOpenInvitations(QuotaMixin, Conflict):
    """The organization has reached its limit of open invitations, or too many of its emails are scheduled."""

    message = "This organization has reached its limit of open invitations. Withdraw some, or wait until some expire."


TOO_MANY_SCHEDULED = "Too many emails of this organization are scheduled. Wait until some have been sent."


# Open invitations


EMAILED = CompiledRows(
    lambda organization: (
        Invitation.objects.filter(organization=organization).open().emailed().order_by().values_list("expires_at")
    ),
    organization=UUIDField(),
)


def _only_at(rows: QuerySet[Any, Any], place: int) -> QuerySet[Any, Any]:
    """Return the row at this position, counted from 1, if there is one. The database reads no rows after it."""
    return rows[place - 1 : place]


def require_open_slot(organization: Organization) -> None:
    """Raise TooManyOpenInvitations if the limit is reached. The caller must have locked the organization."""
    limit = open_limit(organization)
    if list(EMAILED.of(organization=organization.pk).then(_only_at, limit)):
        raise TooManyOpenInvitations(limit=limit)


def open_slots_left(organization: Organization) -> int:
    """Return how many more invitations may be emailed now. The caller must have locked the organization.

    Invitations whose first email is scheduled need no slot until it is sent.
    """
    limit = open_limit(organization)
    return limit - count_up_to(limit, Invitation.objects.filter(organization=organization).open().emailed())


def open_limit(organization: Organization) -> int:
    """Return how many invitations may be open at once."""
    return organization.open_invitation_limit or settings.OPEN_INVITATIONS_PER_ORGANIZATION


def scheduled_slots_left(organization: Organization) -> int:
    """Return how many more emails of the organization may be scheduled. The caller must have locked it."""
    limit = settings.SCHEDULED_EMAILS_PER_ORGANIZATION
    return limit - count_up_to(limit, Email.objects.scheduled_of(organization.pk).values("due_at"))


# Daily limits


def sending_limit(organization: Organization) -> int:
    """Return how many emails to invitees of an organization may be sent in 24 hours.

    If the organization has no limit of its own, the settings decide. They have a lower limit for new organizations.
    """
    if organization.daily_email_limit is not None:
        return organization.daily_email_limit
    is_young = organization.created_at > timezone.now() - YOUNG_AGE
    return settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY if is_young else settings.ORGANIZATION_EMAILS_PER_DAY


def sending_times(by: Principal, organization: Organization, count: int) -> list[datetime | None]:
    """Return when each of the next emails may be sent, the earliest first. None means now.

    The caller must have locked the organization, must queue the emails for these times with ``queue_emails``, and must
    first call ``count_recipients``. The daily limits do not block staff.
    """
    if by.is_staff:
        return [None] * count
    times, now = free_times(organization, [by.responsible_id] * count), timezone.now()
    return [moment if moment > now else None for moment in times]


def free_times(organization: Organization, responsible_ids: Sequence[UUID | None]) -> list[datetime]:
    """Return when an email of each of these people may be sent, in this order. None stands for nobody.

    The caller must have locked the organization. The people are locked too.
    """
    people = {person for person in responsible_ids if person is not None}
    _locked([_inviter_key(person) for person in people])
    now = timezone.now()
    own = _budget_of(organization, now)
    personal = {person: [own, _budget_of_person(person, now)] for person in people}
    times: list[datetime] = []
    earliest: dict[UUID | None, datetime] = {}  # a further email of the same person cannot be sent before the last one
    for person in responsible_ids:
        budgets = [own] if person is None else personal[person]
        earliest[person] = first_free(budgets, earliest.get(person, now))
        times.append(earliest[person])
    return times


def count_email(by: Principal, organization: Organization, address: Address) -> datetime | None:
    """Count one email to an invitee, requested by ``by``, and return for when it must be queued. None means now.

    The caller must have locked the organization, and queues the email with ``queue_email``. The daily limits do not
    block staff. Raises RecipientSendingLimitReached, and TooManyOpenInvitations if too many emails are scheduled.
    """
    person = by.responsible_id
    _count_recipient(address, locked_too=[] if person is None else [_inviter_key(person)])
    now = timezone.now()
    responsible = None if person is None else (person, settings.INVITER_EMAILS_PER_DAY)
    if by.is_staff or not is_used_up(now, organization, sending_limit(organization), responsible):
        return None
    [moment] = sending_times(by, organization, 1)
    if moment is not None:
        require_scheduled_slot(organization)
    return moment


def require_scheduled_slot(organization: Organization) -> None:
    """Raise TooManyOpenInvitations if no further email may be scheduled."""
    if scheduled_slots_left(organization) < 1:
        raise TooManyOpenInvitations(TOO_MANY_SCHEDULED, limit=settings.SCHEDULED_EMAILS_PER_ORGANIZATION)


def count_reminder(organization: Organization, address: Address) -> None:
    """Count one reminder. The caller must have locked the organization.

    Raises SendingLimitReached if the organization's daily limit permits no email now, and RecipientSendingLimitReached.
    """
    now = timezone.now()
    if _budget_of(organization, now).first_free(now) > now:
        raise SendingLimitReached
    _count_recipient(address)


def _budget_of(organization: Organization, now: datetime) -> Budget:
    emails = Email.objects.filter(organization_id=organization.pk)
    return Budget(sending_limit(organization), counted_since(emails, now - DAY))


def _budget_of_person(responsible_id: UUID, now: datetime) -> Budget:
    emails = Email.objects.filter(responsible_id=responsible_id)
    return Budget(settings.INVITER_EMAILS_PER_DAY, counted_since(emails, now - DAY))


# Numbers for staff


def emails_counted_since(organization_id: UUID, moment: datetime) -> EmailQuerySet:
    """Return an organization's emails to invitees that counted after this moment, without those that are scheduled."""
    return Email.objects.filter(organization_id=organization_id, counted_at__gt=moment, counted_at__lte=timezone.now())


def at_sending_limit(organizations: OrganizationQuerySet) -> OrganizationQuerySet:
    """Return the organizations that have reached their sending limit. Their next emails are scheduled.

    Two queries count the emails of the last 24 hours for all organizations together.
    """
    counted = {row["organization_id"]: row["counted"] for row in busy_organizations()}
    busy = Organization.objects.in_bulk(counted)
    return organizations.filter(pk__in=[key for key, row in busy.items() if counted[key] >= sending_limit(row)])


def busy_organizations() -> "QuerySet[Any, Any]":
    """Return the organizations with at least as many ``counted`` emails in 24 hours as the lowest limit allows."""
    now = timezone.now()
    recent = Email.objects.filter(counted_at__gt=now - DAY, counted_at__lte=now).order_by()
    default = Value(min(settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY, settings.ORGANIZATION_EMAILS_PER_DAY))
    limited = Organization.objects.filter(daily_email_limit__isnull=False).order_by("daily_email_limit")
    own = Subquery(limited.values("daily_email_limit")[:1], output_field=IntegerField())
    counted = recent.values("organization_id").annotate(counted=Count("counted_at"))
    return counted.filter(counted__gte=Least(default, Coalesce(own, default)))


# Hourly limit of a recipient


def count_email_to(address: Address) -> None:
    """Count one email to this address. Raises RecipientSendingLimitReached."""
    _count_recipient(address)


def count_recipients(addresses: Iterable[Address]) -> frozenset[Address]:
    """Count one email to each address. Return the addresses that have reached their hourly limit.

    These were not counted. Takes a fixed number of statements for every thousand addresses.
    """
    now = timezone.now()
    one = [now.timestamp()]
    keys = {address: keyed_hashes(HashPurpose.RECIPIENT, address) for address in set(addresses)}
    counters = _locked([current for current, *_ in keys.values()], moments=one)
    stored = {key: counter.moments for key, counter in counters.items()}
    for counter in counters.values():
        counter.moments = [] if counter.moments == one else counter.moments  # most are new
    _add_older(counters, {current: older for current, *older in keys.values() if older})
    reached = {address for address, (key, *_) in keys.items() if _wait(counters[key], now) is not None}
    for address, (key, *_) in keys.items():
        if address not in reached:
            counters[key].moments, counters[key].updated_at = [*_recent(counters[key], now), *one], now
    changed = [counter for key, counter in counters.items() if counter.moments != stored[key]]
    _upsert(changed, "moments", "updated_at")
    return frozenset(reached)


def lock_counters(by: Principal, addresses: Iterable[Address]) -> None:
    """Lock what ``count_email`` locks for these addresses, so that several calls of it cause no deadlock."""
    later = [] if by.responsible_id is None else [_inviter_key(by.responsible_id)]
    _locked([keyed_hashes(HashPurpose.RECIPIENT, address)[0] for address in set(addresses)], *later)


def uncount_recipients(addresses: Iterable[Address]) -> None:
    """Take back one email to each address that ``count_recipients`` counted in the same transaction."""
    counters = _locked([keyed_hashes(HashPurpose.RECIPIENT, address)[0] for address in set(addresses)])
    for counter in counters.values():
        counter.moments = counter.moments[:-1]
    _upsert(list(counters.values()), "moments")


def _count_recipient(address: Address, locked_too: Iterable[str] = ()) -> None:
    """Count one email to this address, and lock other counters. Raises RecipientSendingLimitReached."""
    current, *older = keyed_hashes(HashPurpose.RECIPIENT, address)
    counters = _locked([current], *locked_too)
    _add_older(counters, {current: older} if older else {})
    counter, now = counters[current], timezone.now()
    wait = _wait(counter, now)
    if wait is not None:
        raise RecipientSendingLimitReached(retry_after=wait, limit=settings.RECIPIENT_EMAILS_PER_HOUR)
    counter.moments, counter.updated_at = [*_recent(counter, now), now.timestamp()], now
    _upsert([counter], "moments", "updated_at")


def _recent(counter: SendingCounter, now: datetime) -> list[float]:
    """Return the moments of the last hour, oldest first."""
    return sorted(moment for moment in counter.moments if moment > (now - HOUR).timestamp())


def _wait(counter: SendingCounter, now: datetime) -> int | None:
    """Return the seconds until one more email may be sent to this recipient. None means now."""
    recent, limit = _recent(counter, now), settings.RECIPIENT_EMAILS_PER_HOUR
    if len(recent) < limit:
        return None
    return max(1, ceil(recent[-limit] + HOUR.total_seconds() - now.timestamp()))


# Counters


def delete_old_counters() -> None:
    """Delete the counters that have not changed for a day. No limit counts requests older than a day."""
    SendingCounter.objects.filter(updated_at__lt=timezone.now() - DAY).delete()


def _inviter_key(responsible_id: UUID) -> str:
    """Return the key of the counter that is locked for a person. It contains no moments: the emails have them."""
    return keyed_hashes(HashPurpose.INVITER, str(responsible_id))[0]


def _locked(keys: list[str], *later: str, moments: Sequence[float] = ()) -> dict[str, SendingCounter]:
    """Lock the counters with these keys until the transaction ends, and return them. New ones have these moments.

    They are locked in the order of the keys, and recipients before people who invite (``later``), to avoid deadlocks.
    """
    counters = [new_row(SendingCounter, key=key, moments=[*moments]) for key in (*sorted(keys), *later)]
    _upsert(counters, "updated_at")
    return {counter.key: counter for counter in counters}


def _upsert(counters: list[SendingCounter], *fields: str) -> None:
    insert(*counters, unique=["key"], update=fields)


def _add_older(counters: dict[str, SendingCounter], older_keys: dict[str, list[str]]) -> None:
    """Move the request times from the counters of older ``ADDRESS_KEYS`` to the current ones, and delete the older."""
    if not older_keys:
        return
    current_of = {key: current for current, keys in older_keys.items() for key in keys}
    older = SendingCounter.objects.filter(key__in=list(current_of))
    found = list(older)
    for counter in found:
        counters[current_of[counter.key]].moments += counter.moments
    if found:
        SendingCounter.objects.filter(pk__in=[counter.pk for counter in found]).delete()
