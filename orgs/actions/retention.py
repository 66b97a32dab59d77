"""Delete old events of organizations, also of those that were deleted for good."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.principals import SERVICE
from events.models import Event
from events.retention import cut_events
from orgs.locks import OrganizationNotFound, lock_organization
from orgs.models import Organization


def count_events_before(moment: datetime) -> int:
    """Return how many events ``cut_events_before`` deletes in all."""
    return sum(_count(rows, key, moment) for rows, key in _holders())


def cut_events_before(moment: datetime) -> Iterator[int]:
    """Delete the oldest events of organizations up to this time, in short transactions. Yield how many after each.

    Events of an organization under a legal hold stay. So does the newest event of each organization.
    """
    for organization_id in list(_with_old_events(moment)):
        while deleted := _cut(organization_id, moment):
            yield deleted


@transaction.atomic
def _cut(organization_id: UUID, moment: datetime) -> int:
    try:
        if lock_organization(organization_id, by=SERVICE, archived=True).legal_hold:
            return 0
    except OrganizationNotFound:
        pass  # it was deleted, and its events stay
    return cut_events(organization_id, before=moment)


def _holders() -> Iterator[tuple[QuerySet[Any, Any], str]]:
    """Yield rows that stand for organizations with events, and the column with the id of the organization."""
    yield Organization.objects.filter(legal_hold=False), "pk"
    yield Event.objects.filter(kind="organization.purged", organization_id__isnull=False), "organization_id"


def _with_old_events(moment: datetime) -> Iterator[UUID]:
    for rows, key in _holders():
        of_same = Event.objects.filter(organization_id=OuterRef(key))
        last = Subquery(of_same.order_by("-number").values("number")[:1])
        old = of_same.filter(created_at__lt=moment, number__lt=OuterRef("last"))
        found = rows.annotate(last=last).filter(Exists(old))
        yield from found.order_by(key).values_list(key, flat=True)


def _count(rows: QuerySet[Any, Any], key: str, moment: datetime) -> int:
    """Return how many events precede the first that stays. The numbers have no gap."""
    numbers = Event.objects.filter(organization_id=OuterRef(key)).values("number")
    first, last = Subquery(numbers.order_by("number")[:1]), Subquery(numbers.order_by("-number")[:1])
    kept = Subquery(numbers.filter(created_at__gte=moment).order_by("number")[:1])
    counted = rows.annotate(cut=Coalesce(kept, last) - first).aggregate(total=Coalesce(Sum(F("cut")), 0))
    return int(counted["total"])
