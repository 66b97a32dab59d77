"""Sending limits: the maximum number of requested emails, and of invitations that are open at the same time.

A sending limit applies to a sliding window, for example the last 24 hours. The limits are exact even under concurrency.
Emails of one organization are counted while the organization is locked. Limits across organizations use a row of
``SendingCounter``. An upsert locks that row until the transaction ends. If a limit is reached, the error rolls back the
whole transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, DateTimeField, IntegerField, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address
from core.compiled_rows import CompiledRows
from core.errors import LimitReached
from core.ids import first_uuid7
from core.literals import literal
from events.models import Event, EventQuerySet
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from invitations.models import Invitation
from orgs.models import Organization, OrganizationQuerySet

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YOUNG_AGE = timedelta(days=30)

# For each email to an invitee, one of these events is recorded.
EMAIL_EVENTS = ("invitation.created", "invitation.resent", "invitation.reminded")


class OrganizationSendingLimitReached(LimitReached):
    """The organization has reached its daily limit of emails to invitees."""

    message = "This organization has reached its daily limit of invitation emails. Try again later."


class InviterSendingLimitReached(LimitReached):
    """The person has reached their daily limit of emails to invitees.

    The limit is for all organizations, and for all system users and credentials that the person created.
    """

    message = "You have reached your daily limit of invitation emails. Try again later."


class RecipientSendingLimitReached(LimitReached):
    """The address has reached its hourly limit of requested emails, across all organizations."""

    message = "This address was sent several emails within the last hour. Try again later."


class TooManyOpenInvitations(LimitReached):
    """The organization has reached its limit of open invitations."""

    message = "This organization has reached its limit of open invitations. Withdraw some, or wait until some expire."


OPEN_EXPIRIES = CompiledRows(
    lambda organization: (
        Invitation.objects.filter(organization=organization).open().order_by().values_list("expires_at", flat=True)
    ),
    organization=UUIDField(),
)
EMAIL_TIMES = CompiledRows(
    lambda organization, first_id, moment: _email_events(organization, first_id, moment).values_list(
        "created_at", flat=True
    ),
    organization=UUIDField(),
    first_id=UUIDField(),
    moment=DateTimeField(),
)


def _only_at(rows: QuerySet[Any, Any], place: int) -> QuerySet[Any, Any]:
    """Return the row at this position, counted from 1, if there is one. The database reads no rows after it."""
    return rows[place - 1 : place]


def require_open_slot(organization: Organization) -> None:
    """Raise TooManyOpenInvitations if the limit is reached. The caller must have locked the organization."""
    limit = open_limit(organization)
    expiries = OPEN_EXPIRIES.of(organization=organization.pk)
    if not list(expiries.then(_only_at, limit)):
        return
    latest_expiry_first = expiries.queryset().order_by("-expires_at")
    blocking = latest_expiry_first[limit - 1 : limit].first()
    if blocking is not None:
        raise TooManyOpenInvitations(retry_after=_seconds_until(blocking), limit=limit)


def open_limit(organization: Organization) -> int:
    """Return how many invitations may be open at once."""
    return organization.open_invitation_limit or settings.OPEN_INVITATIONS_PER_ORGANIZATION


def sending_limit(organization: Organization) -> int:
    """Return how many emails to invitees an organization may request in 24 hours.

    If the organization has no limit of its own, the settings decide. They have a lower limit for new organizations.
    """
    if organization.daily_email_limit is not None:
        return organization.daily_email_limit
    is_young = organization.created_at > timezone.now() - YOUNG_AGE
    return settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY if is_young else settings.ORGANIZATION_EMAILS_PER_DAY


def at_sending_limit(organizations: OrganizationQuerySet) -> OrganizationQuerySet:
    """Return the organizations that have reached their sending limit. Only staff can request more emails for them.

    Two queries count the emails of the last 24 hours for all organizations together.
    """
    requested = {row["organization_id"]: row["requested"] for row in busy_organizations()}
    busy = Organization.objects.in_bulk(requested)
    return organizations.filter(pk__in=[key for key, row in busy.items() if requested[key] >= sending_limit(row)])


def busy_organizations() -> "QuerySet[Any, Any]":
    """Return the organizations with at least as many ``requested`` emails in 24 hours as the lowest limit allows."""
    moment = timezone.now() - DAY
    kinds = [literal(kind) for kind in EMAIL_EVENTS]
    recent = Event.objects.filter(id__gte=first_uuid7(moment), created_at__gt=moment, kind__in=kinds).order_by()
    default = Value(min(settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY, settings.ORGANIZATION_EMAILS_PER_DAY))
    limited = Organization.objects.filter(daily_email_limit__isnull=False).order_by("daily_email_limit")
    own = Subquery(limited.values("daily_email_limit")[:1], output_field=IntegerField())
    counted = recent.values("organization_id").annotate(requested=Count("pk"))
    return counted.filter(requested__gte=Least(default, Coalesce(own, default)))


def count_email(by: Principal, organization: Organization, address: Address) -> None:
    """Count one email to an invitee, requested by ``by``. The caller must have locked the organization.

    The organization's limit does not block staff, but their requests count. Raises OrganizationSendingLimitReached,
    InviterSendingLimitReached or RecipientSendingLimitReached.
    """
    if not by.is_staff:
        _require_below_organization_limit(organization)
    if by.responsible_id is None:
        _count(_to_recipient(address))
    else:
        _count(_by_inviter(by.responsible_id), _to_recipient(address))


def count_email_to(address: Address) -> None:
    """Count one email to this address. Raises RecipientSendingLimitReached."""
    _count(_to_recipient(address))


def emails_requested_since(organization_id: UUID, moment: datetime) -> EventQuerySet:
    """Return the events for an organization's emails to invitees after this moment, newest first."""
    return _email_events(organization_id, first_uuid7(moment), moment)


def _email_events(organization: Any, first_id: Any, moment: Any) -> EventQuerySet:
    """Return the events after a moment. ``first_id`` is the smallest id of that moment.

    Ids are UUIDv7, which sort by time. So the filter by id can use the index on organization and id.
    """
    log = Event.objects.of_organization(organization).filter(id__gte=first_id, created_at__gt=moment)
    return log.filter(kind__in=EMAIL_EVENTS).order_by("-id")


def delete_old_counters() -> None:
    """Delete the counters that have not changed for a day. No limit counts requests older than a day."""
    SendingCounter.objects.filter(updated_at__lt=timezone.now() - DAY).delete()


def _require_below_organization_limit(organization: Organization) -> None:
    moment, limit = timezone.now() - DAY, sending_limit(organization)
    times = EMAIL_TIMES.of(organization=organization.pk, first_id=first_uuid7(moment), moment=moment)
    for blocking in times.then(_only_at, limit):
        raise OrganizationSendingLimitReached(retry_after=_seconds_until(blocking + DAY), limit=limit)


@dataclass(frozen=True)
class _Limit:
    """At most ``limit`` requests within a period. ``keys`` are the counter's key and the keys of older counters."""

    error: type[LimitReached]
    keys: list[str]
    limit: int
    within: timedelta

    def require_below(self, moments: list[float], now: datetime) -> list[float]:
        """Return the moments within the period. Raise the error if the limit is reached."""
        recent = sorted(moment for moment in moments if moment > (now - self.within).timestamp())
        if len(recent) >= self.limit:
            until = datetime.fromtimestamp(recent[-self.limit], now.tzinfo) + self.within
            raise self.error(retry_after=_seconds_until(until), limit=self.limit)
        return recent


def _by_inviter(responsible_id: UUID) -> _Limit:
    keys = keyed_hashes(HashPurpose.INVITER, str(responsible_id))
    return _Limit(InviterSendingLimitReached, keys, settings.INVITER_EMAILS_PER_DAY, DAY)


def _to_recipient(address: Address) -> _Limit:
    keys = keyed_hashes(HashPurpose.RECIPIENT, address)
    return _Limit(RecipientSendingLimitReached, keys, settings.RECIPIENT_EMAILS_PER_HOUR, HOUR)


def _count(*limits: _Limit) -> None:
    """Count one request in the counter of each limit. If a limit is reached, raise the error of the first such limit.

    The first upsert locks the counters and returns their times. The second one writes the new times.
    """
    counters = [SendingCounter(key=limit.keys[0]) for limit in limits]
    _upsert(counters, "updated_at")
    now = timezone.now()
    for limit, counter in zip(limits, counters, strict=True):
        recent = limit.require_below(counter.moments + _move_moments(limit.keys[1:]), now)
        counter.moments, counter.updated_at = [*recent, now.timestamp()], now
    _upsert(counters, "moments", "updated_at")


def _upsert(counters: list[SendingCounter], *fields: str) -> None:
    SendingCounter.objects.bulk_create(
        counters, update_conflicts=True, unique_fields=["key"], update_fields=list(fields)
    )


def _move_moments(older_keys: list[str]) -> list[float]:
    """Return the request times in the counters of older ``ADDRESS_KEYS``, and delete these counters."""
    if not older_keys:
        return []
    older = SendingCounter.objects.filter(key__in=older_keys)
    moments = [moment for counter in older.values_list("moments", flat=True) for moment in counter]
    if moments:
        older.delete()
    return moments


def _seconds_until(moment: datetime) -> int:
    return max(1, ceil((moment - timezone.now()).total_seconds()))
