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
    """Events by id, which is the order in which they happened."""

    column = "id"
    descending = False


class OrganizationEventViewSet(PathOrganizationContext):
    """Events of one organization."""

    resource = "organization_events"

    @operation("Events retrieved successfully", answer=EventSerializer, pagination_class=EventPagination)
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the events of an organization, oldest first.

        You need the permission to manage members. To get newer events, repeat the request with `after`.
        """
        return self.page(querysets.events_of(self.caller, self.organization))
