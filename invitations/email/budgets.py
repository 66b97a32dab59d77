"""The daily budgets of an organization and of the people who invite. They say when the next emails may be sent.

Each email counts at one moment (``Email.counted_at``), which is the time for which it is scheduled, or when it was
requested. In no period of 24 hours more emails count than the limit. Emails that are scheduled for later count too, so
that everybody gets a time of their own.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, OuterRef, QuerySet, Subquery, UUIDField

from core.compiled_rows import CompiledRows
from invitations.email.models import Email, EmailQuerySet
from orgs.models import Organization

DAY = timedelta(days=1)


@dataclass
class Budget:
    """At most ``limit`` emails count in 24 hours. ``moments`` are those of the last 24 hours and later ones, sorted."""

    limit: int
    moments: list[datetime]

    def first_free(self, moment: datetime) -> datetime:
        """Return the earliest time, not before ``moment``, at which one more email may count.

        ``limit`` emails within 24 hours fill the budget until 24 hours after the first of them. They also fill it
        before, if the further email and the last of them would be less than 24 hours apart.
        """
        start = bisect_right(self.moments, moment - DAY)
        for place in range(start, len(self.moments) - self.limit + 1):
            first, last = self.moments[place], self.moments[place + self.limit - 1]
            if last - DAY >= moment:
                break
            if last - first < DAY:
                moment = max(moment, first + DAY)
        return moment

    def count(self, moment: datetime) -> None:
        """Count one email at this moment."""
        insort(self.moments, moment)


def first_free(budgets: Sequence[Budget], moment: datetime) -> datetime:
    """Return the earliest time, not before ``moment``, that is free in all budgets, and count an email there."""
    while (later := _latest_first_free(budgets, moment)) > moment:
        moment = later
    for budget in budgets:
        budget.count(moment)
    return moment


def _latest_first_free(budgets: Iterable[Budget], moment: datetime) -> datetime:
    return max((budget.first_free(moment) for budget in budgets), default=moment)


def counted_since(emails: EmailQuerySet, moment: datetime) -> list[datetime]:
    """Return when these emails count, if that is after ``moment``, also in the future. The earliest is first."""
    rows = emails.filter(counted_at__gt=moment).order_by("counted_at")
    return [counted_at for counted_at in rows.values_list("counted_at", flat=True) if counted_at]


# The counted moments of the two limits, if so many emails count. They are NULL for most requests.
LIMIT_REACHED = CompiledRows(
    lambda organization: Organization.objects.filter(pk=organization), organization=UUIDField()
)


def is_used_up(now: datetime, organization: Organization, limit: int, responsible: tuple[Any, int] | None) -> bool:
    """Return whether an email that is sent now might not be free. ``responsible`` is a person and the person's limit.

    This reads one statement, and no row after the limit. If it returns False, both budgets are free now. If it returns
    True, ``Budget`` says when they are free.
    """
    since = {"since": (DateTimeField(), now - DAY)}
    rows = LIMIT_REACHED.of(organization=organization.pk).then(_of_organization, limit, **since)
    if responsible is not None:
        person, personal_limit = responsible
        rows = rows.then(_of_responsible, personal_limit, responsible=(UUIDField(), person), **since)
    names = ("of_organization",) if responsible is None else ("of_organization", "of_responsible")
    [found] = rows.then(_only, names)
    return any(moment is not None for moment in found)


def _of_organization(organizations: QuerySet[Any, Any], limit: int, since: Any) -> QuerySet[Any, Any]:
    emails = Email.objects.filter(organization_id=OuterRef("pk"), counted_at__gt=since)
    return organizations.annotate(of_organization=_nth_newest(emails, limit))


def _of_responsible(organizations: QuerySet[Any, Any], limit: int, responsible: Any, since: Any) -> QuerySet[Any, Any]:
    emails = Email.objects.filter(responsible_id=responsible, counted_at__gt=since)
    return organizations.annotate(of_responsible=_nth_newest(emails, limit))


def _only(organizations: QuerySet[Any, Any], names: tuple[str, ...]) -> QuerySet[Any, Any]:
    return organizations.values_list(*names)


def _nth_newest(emails: EmailQuerySet, place: int) -> Subquery:
    return Subquery(emails.order_by("-counted_at").values("counted_at")[place - 1 : place])
