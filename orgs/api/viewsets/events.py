"""``/organizations/{id}/events``: events, oldest first, with cursors."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.cursors import CursorPagination
from core.api.operations import operation
from orgs import querysets
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import EventSerializer


class EventPagination(CursorPagination):
    """Pages of events, sorted by id. The ids are in the order in which the events happened."""

    column = "id"
    descending = False


class OrganizationEventViewSet(PathOrganizationContext):
    """Events of one organization."""

    resource = "organization_events"

    @operation("Events retrieved successfully", response=EventSerializer, pagination_class=EventPagination)
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the events of an organization, oldest first.

        You need the permission to manage members. To get newer events, repeat the request with `after`.
        """
        return self.respond_with_page(querysets.events_of(self.caller, self.organization))
