"""Limits on what a person may create, and on how much an organization may contain. The settings have the numbers."""

from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method
from core.errors import Conflict, LimitReached, QuotaMixin
from core.ids import first_uuid7
from core.rows import count_up_to
from events.models import Event
from orgs.locks import lock_active_account

DAY = timedelta(days=1)


class TooManyOrganizations(LimitReached):
    """The person has created the maximum number of organizations of one day."""

    message = "You have created the maximum number of organizations for one day. Try again later."


class TooManyApiKeys(QuotaMixin, Conflict):
    """The organization has the maximum number of API keys."""

    message = "This organization has the maximum number of API keys. Delete one first."


class TooManyOAuthApplications(QuotaMixin, Conflict):
    """The person or the organization has the maximum number of OAuth applications."""

    message = "You have the maximum number of OAuth applications. Delete one first."


class TooManyRoles(QuotaMixin, Conflict):
    """The organization has the maximum number of custom roles."""

    message = "This organization has the maximum number of roles. Delete one first."


class TooManyUnits(QuotaMixin, Conflict):
    """The organization has the maximum number of workspaces and applications."""

    message = "This organization has the maximum number of workspaces and applications. Delete one first."


class TooManySystemUsers(QuotaMixin, Conflict):
    """The organization has the maximum number of system users."""

    message = "This organization has the maximum number of system users. Remove one first."


def require_below(limit: int, rows: QuerySet, error: type[Conflict]) -> None:
    """Raise the error if there are as many rows as the limit allows. Lock what the rows belong to first."""
    if count_up_to(limit, rows) >= limit:
        raise error(limit=limit)


def require_may_found(founder: User) -> None:
    """Raise TooManyOrganizations if the person has created too many organizations in the last 24 hours.

    Deleted organizations count too. Those that the person created as staff, for others, do not. Locks the account, so
    that the limit is exact.
    """
    lock_active_account(founder.pk)
    since = timezone.now() - DAY
    created = Event.objects.founded_by(founder.pk).exclude(actor_method=Method.STAFF)
    times = (
        created.filter(id__gte=first_uuid7(since), created_at__gt=since)
        .order_by("-id")
        .values_list("created_at", flat=True)
    )
    limit = settings.ORGANIZATIONS_PER_PERSON_PER_DAY
    blocking = times[limit - 1 : limit].first()
    if blocking is not None:
        wait = ceil((blocking + DAY - timezone.now()).total_seconds())
        raise TooManyOrganizations(retry_after=max(1, wait), limit=limit)
