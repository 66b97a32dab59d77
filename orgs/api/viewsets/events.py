"""``/organizations/{id}/events``: events in the order of their numbers."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.operations import operation
from orgs import querysets
from orgs.api.event_pages import EventPagination, EventTypeFilter
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import EventSerializer


class OrganizationEventViewSet(PathOrganizationContext):
    """Events of one organization."""

    resource = "organization_events"

    @operation(
        "Events retrieved successfully",
        response=EventSerializer,
        filterset_class=EventTypeFilter,
        pagination_class=EventPagination,
        errors=(410,),
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the events of an organization, oldest first.

        You need the permission to manage members. The events of an organization are numbered without a gap. To follow
        them, repeat the request with the last `after` that you got: an event appears only after all events with lower
        numbers. The answer is 410 if events after this number were deleted, or if there is no such event;
        `details.firstNumber` is the number of the first event that is kept.
        """
        # The paginator filters too, because it has to know the other events.
        page = self.paginate_queryset(querysets.events_of(self.caller, self.organization)) or []
        return self.get_paginated_response(self.represent(page))
