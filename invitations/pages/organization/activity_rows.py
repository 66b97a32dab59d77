"""The events that the page *Activity* shows. To bound its cost, a page looks at no more than ``MAX_SCANNED`` events.

Filters for rare events could otherwise read all events of a large organization. If a page has looked at so many, it
shows what it has found, and continues with the older ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from accounts.principals import Principal
from core.addresses import normalize_address
from core.ids import first_uuid7
from events.models import Event
from invitations.models import Invitation
from invitations.pages.organization.event_words import GROUPS
from orgs.models import Organization
from orgs.querysets import events_of, members_of

PAGE_SIZE, MAX_SCANNED = 50, 5_000
SCANNED_FOR_FILE = 1_000
MAX_INVITATIONS = 200


@dataclass(frozen=True)
class ActivityFilter:
    """What the reader asks for. ``group`` is a key of ``GROUPS``. ``person`` is an email address."""

    group: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def skips_events(self) -> bool:
        """Whether the filter leaves out events between others."""
        return bool(self.group or self.person)


@dataclass(frozen=True)
class ActivityPage:
    """Some events, newest first, and the id that the next page begins after. ``is_cut`` is True at ``MAX_SCANNED``."""

    events: list[Event]
    next_before: UUID | None
    is_cut: bool = False


class Activity:
    """The events of an organization that match a filter. Raises PermissionMissing like ``events_of``."""

    def __init__(self, by: Principal, organization: Organization, wanted: ActivityFilter) -> None:
        events = events_of(by, organization).order_by("-id")
        # Ids are in the order of time, and there is an index for them.
        if wanted.since:
            events = events.filter(id__gte=first_uuid7(wanted.since))
        if wanted.until:
            events = events.filter(id__lt=first_uuid7(wanted.until))
        self.events, self.wanted = events, wanted
        self.condition = self._condition(by, organization)

    def page(self, before: UUID | None) -> ActivityPage:
        """Return the newest events before this id."""
        events, edge = self._window(before, MAX_SCANNED if self.wanted.skips_events else None)
        found = list(events.filter(self.condition)[: PAGE_SIZE + 1])
        if len(found) > PAGE_SIZE:
            return ActivityPage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk)
        return ActivityPage(found, edge, is_cut=edge is not None)

    def chunks(self) -> Iterator[list[Event]]:
        """Yield all events in chunks, newest first. Each is a statement of its own."""
        edge: UUID | None = None
        while True:
            events, edge = self._window(edge, SCANNED_FOR_FILE)
            yield list(events.filter(self.condition))
            if edge is None:
                return

    def _window(self, before: UUID | None, size: int | None) -> tuple[QuerySet[Event], UUID | None]:
        """Return the events before this id, at most ``size``, and the id of the last one if there may be more."""
        events = self.events.filter(id__lt=before) if before else self.events
        edge = events.values_list("id", flat=True)[size - 1 : size].first() if size else None
        return (events.filter(id__gte=edge) if edge else events), edge

    def _condition(self, by: Principal, organization: Organization) -> Q:
        condition = Q()
        if self.wanted.group:
            condition &= Q(kind__in=list(GROUPS[self.wanted.group][1]))
        if self.wanted.person:
            condition &= concerning(self.wanted.person, by, organization)
        return condition


def concerning(address: str, by: Principal, organization: Organization) -> Q:
    """Return a condition for what a person did, and what happened to them, by the address of a member or an invitee."""
    try:
        address = normalize_address(address)
    except ValidationError:
        return Q(pk__in=())
    member = members_of(by, organization).prefetch_related(None).filter(user__email=address).first()
    sent = Invitation.objects.managed_in(organization, by).filter(email=address)
    invitations = list(sent.newest_first().values_list("pk", "status", "answered_by")[:MAX_INVITATIONS])
    users = {user for _, status, user in invitations if status == "accepted" and user}
    subjects = [key for key, _, _ in invitations]
    if member:
        users.add(member.user_id)
        subjects.append(member.pk)
    if not subjects:
        return Q(pk__in=())
    return Q(actor_id__in=users) | Q(subject_id__in=[*subjects, *users])
