"""What is always true of events (``core.invariants``)."""

from typing import Any

from django.db.models import Count, F, Max, Min, QuerySet

from core.invariants import invariant
from events.models import Event


@invariant
def events_have_consecutive_numbers() -> QuerySet[Any, Any]:
    """The numbers of an organization's events have no gap and no duplicate."""
    organizations = Event.objects.filter(organization_id__isnull=False).order_by().values("organization_id")
    counted = organizations.annotate(first=Min("number"), last=Max("number"), found=Count("number"))
    return counted.exclude(found=F("last") - F("first") + 1).values_list("organization_id", flat=True)
