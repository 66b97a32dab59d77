"""How many mails may be asked for, and how many invitations may be open. A limit slows down and destroys nothing.

Every limit holds for any stretch of its time, not from midnight to midnight, and exactly, however many ask at once:
what belongs to one organization is counted under its lock; what crosses organizations is a row of ``SendingCounter``,
which the statement that finds it also holds until the transaction ends. A refusal undoes the whole transaction.
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
from invitations.email.address_hashes import HashPurpose, SendingCounter, hashes
from orgs.models import Organization

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YOUNG = timedelta(days=30)

# What is recorded whenever a mail to an invitee is queued.
EMAIL_EVENTS = ("invitation.created", "invitation.resent", "invitation.reminded")


class OrganizationSendingLimitReached(LimitReached):
    """The organization has asked for as many mails to invitees as it may in a day."""

    message = "This organization has sent as many invitation mails as it may in a day. Try again later."


class InviterSendingLimitReached(LimitReached):
    """The person has asked for as many mails to invitees as one may in a day, in all organizations together."""

    message = "You have sent as many invitation mails as one person may in a day. Try again later."


class RecipientSendingLimitReached(LimitReached):
    """As many mails were asked for to this address as anybody should get in an hour, from all together."""

    message = "This address was sent several mails within the last hour. Try again later."


class TooManyOpenInvitations(LimitReached):
    """The organization has as many open invitations as it may."""

    message = "This organization has as many open invitations as it may. Withdraw some, or wait until some end."


def require_open_slot(organization: Organization) -> None:
    """Raise TooManyOpenInvitations unless one more fits; needs the organization's lock."""
    limit = organization.open_invitation_limit or settings.OPEN_INVITATIONS_PER_ORGANIZATION
    longest_lasting = organization.invitations.open().order_by("-expires_at").values_list("expires_at", flat=True)
    in_the_way = longest_lasting[limit - 1 : limit].first()
    if in_the_way is not None:
        raise TooManyOpenInvitations(retry_after=_seconds_until(in_the_way), limit=limit)


def count_email(by: Principal, organization: Organization, address: Address) -> None:
    """Count one more mail to an invitee, by whoever asks for it; needs the organization's lock.

    Raises OrganizationSendingLimitReached, InviterSendingLimitReached or RecipientSendingLimitReached.
    """
    _require_organization_budget(organization)
    if by.user is not None and by.user.is_person and not by.is_staff:
        _take(
            InviterSendingLimitReached,
            HashPurpose.INVITER,
            str(by.user.pk),
            limit=settings.INVITER_EMAILS_PER_DAY,
            within=DAY,
        )
    count_email_to(address)


def count_email_to(address: Address) -> None:
    """Count one more mail to this address; raises RecipientSendingLimitReached."""
    _take(
        RecipientSendingLimitReached,
        HashPurpose.RECIPIENT,
        address,
        limit=settings.RECIPIENT_EMAILS_PER_HOUR,
        within=HOUR,
    )


def emails_requested_since(organization_id: UUID, moment: datetime) -> EventQuerySet:
    """What was recorded of an organization's mails to invitees after this moment, newest first.

    Ids begin with their time, which lets the index of the organization's log serve.
    """
    log = Event.objects.of_organization(organization_id).filter(id__gte=first_uuid7(moment), created_at__gt=moment)
    return log.filter(kind__in=EMAIL_EVENTS).order_by("-id")


def delete_old_counters() -> None:
    """Delete what no limit looks at any more."""
    SendingCounter.objects.filter(updated_at__lt=timezone.now() - DAY).delete()


def _require_organization_budget(organization: Organization) -> None:
    now = timezone.now()
    is_young = organization.created_at > now - YOUNG
    limit = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY if is_young else settings.ORGANIZATION_EMAILS_PER_DAY
    emailings = emails_requested_since(organization.pk, now - DAY).values_list("created_at", flat=True)
    in_the_way = emailings[limit - 1 : limit].first()
    if in_the_way is not None:
        raise OrganizationSendingLimitReached(retry_after=_seconds_until(in_the_way + DAY), limit=limit)


def _take(refusal: type[LimitReached], about: HashPurpose, whom: str, *, limit: int, within: timedelta) -> None:
    """Take one of the places that this one has within any such time; raises the refusal."""
    key, *older_keys = hashes(about, whom)
    SendingCounter.objects.bulk_create(
        [SendingCounter(key=key)], update_conflicts=True, unique_fields=["key"], update_fields=["updated_at"]
    )
    now = timezone.now()
    moments: list[float] = SendingCounter.objects.get(key=key).moments + _take_over(older_keys)
    recent = sorted(moment for moment in moments if moment > (now - within).timestamp())
    if len(recent) >= limit:
        until = datetime.fromtimestamp(recent[-limit], now.tzinfo) + within
        raise refusal(retry_after=_seconds_until(until), limit=limit)
    SendingCounter.objects.filter(key=key).update(moments=[*recent, now.timestamp()], updated_at=now)


def _take_over(older_keys: list[str]) -> list[float]:
    """What was counted before ``ADDRESS_KEYS`` got a new one in front; it now counts under that one alone."""
    older = SendingCounter.objects.filter(key__in=older_keys)
    moments = [moment for counted in older.values_list("moments", flat=True) for moment in counted]
    if moments:
        older.delete()
    return moments


def _seconds_until(moment: datetime) -> int:
    return max(1, ceil((moment - timezone.now()).total_seconds()))
