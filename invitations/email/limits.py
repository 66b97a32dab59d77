"""Sending limits: how many emails can be requested, and how many invitations can be open at once.

A limit applies to a sliding window, for example the last 24 hours, and is exact under concurrency. Emails of one
organization are counted under the organization's lock. Limits across organizations use a row of ``SendingCounter``,
which an upsert locks until the transaction ends. When a limit is reached, the whole transaction is rolled back.
"""

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.principals import Principal
from core.addresses import Address
from core.errors import LimitReached
from core.ids import first_uuid7
from events.models import Event, EventQuerySet
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from orgs.models import Organization

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YOUNG_AGE = timedelta(days=30)

# One of these events is recorded with each email to an invitee.
EMAIL_EVENTS = ("invitation.created", "invitation.resent", "invitation.reminded")


class OrganizationSendingLimitReached(LimitReached):
    """The organization has requested its maximum of emails to invitees in a day."""

    message = "This organization has reached its daily limit of invitation emails. Try again later."


class InviterSendingLimitReached(LimitReached):
    """The person has requested their maximum of emails to invitees in a day, in all organizations together."""

    message = "You have reached your daily limit of invitation emails. Try again later."


class RecipientSendingLimitReached(LimitReached):
    """The maximum of emails to this address in an hour was requested, by all organizations together."""

    message = "This address was sent several emails within the last hour. Try again later."


class TooManyOpenInvitations(LimitReached):
    """The organization has its maximum of open invitations."""

    message = "This organization has reached its limit of open invitations. Withdraw some, or wait until some end."


def require_open_slot(organization: Organization) -> None:
    """Raise TooManyOpenInvitations if the limit is reached. The caller must have locked the organization."""
    limit = organization.open_invitation_limit or settings.OPEN_INVITATIONS_PER_ORGANIZATION
    latest_expiry_first = organization.invitations.open().order_by("-expires_at").values_list("expires_at", flat=True)
    blocking = latest_expiry_first[limit - 1 : limit].first()
    if blocking is not None:
        raise TooManyOpenInvitations(retry_after=_seconds_until(blocking), limit=limit)


def count_email(by: Principal, organization: Organization, address: Address) -> None:
    """Count one email to an invitee, requested by ``by``. The caller must have locked the organization.

    Raises OrganizationSendingLimitReached, InviterSendingLimitReached or RecipientSendingLimitReached.
    """
    _require_below_organization_limit(organization)
    if by.user is not None and by.user.is_person and not by.is_staff:
        _count(
            InviterSendingLimitReached,
            HashPurpose.INVITER,
            str(by.user.pk),
            limit=settings.INVITER_EMAILS_PER_DAY,
            within=DAY,
        )
    count_email_to(address)


def count_email_to(address: Address) -> None:
    """Count one email to this address; raises RecipientSendingLimitReached."""
    _count(
        RecipientSendingLimitReached,
        HashPurpose.RECIPIENT,
        address,
        limit=settings.RECIPIENT_EMAILS_PER_HOUR,
        within=HOUR,
    )


def emails_requested_since(organization_id: UUID, moment: datetime) -> EventQuerySet:
    """Return the events of an organization's emails to invitees after this moment, newest first.

    Ids are ordered by time, so the filter by id uses the index on organization and id.
    """
    log = Event.objects.of_organization(organization_id).filter(id__gte=first_uuid7(moment), created_at__gt=moment)
    return log.filter(kind__in=EMAIL_EVENTS).order_by("-id")


def delete_old_counters() -> None:
    """Delete the counters that are older than every window."""
    SendingCounter.objects.filter(updated_at__lt=timezone.now() - DAY).delete()


def _require_below_organization_limit(organization: Organization) -> None:
    now = timezone.now()
    is_young = organization.created_at > now - YOUNG_AGE
    limit = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY if is_young else settings.ORGANIZATION_EMAILS_PER_DAY
    email_times = emails_requested_since(organization.pk, now - DAY).values_list("created_at", flat=True)
    blocking = email_times[limit - 1 : limit].first()
    if blocking is not None:
        raise OrganizationSendingLimitReached(retry_after=_seconds_until(blocking + DAY), limit=limit)


def _count(error: type[LimitReached], purpose: HashPurpose, value: str, *, limit: int, within: timedelta) -> None:
    """Count one request in the counter of this value; raise the error when the window is full."""
    key, *older_keys = keyed_hashes(purpose, value)
    SendingCounter.objects.bulk_create(
        [SendingCounter(key=key)], update_conflicts=True, unique_fields=["key"], update_fields=["updated_at"]
    )
    now = timezone.now()
    moments: list[float] = SendingCounter.objects.get(key=key).moments + _move_moments(older_keys)
    recent = sorted(moment for moment in moments if moment > (now - within).timestamp())
    if len(recent) >= limit:
        until = datetime.fromtimestamp(recent[-limit], now.tzinfo) + within
        raise error(retry_after=_seconds_until(until), limit=limit)
    SendingCounter.objects.filter(key=key).update(moments=[*recent, now.timestamp()], updated_at=now)


def _move_moments(older_keys: list[str]) -> list[float]:
    """Return the moments counted under older ``ADDRESS_KEYS``, and delete their rows."""
    older = SendingCounter.objects.filter(key__in=older_keys)
    moments = [moment for counter in older.values_list("moments", flat=True) for moment in counter]
    if moments:
        older.delete()
    return moments


def _seconds_until(moment: datetime) -> int:
    return max(1, ceil((moment - timezone.now()).total_seconds()))
