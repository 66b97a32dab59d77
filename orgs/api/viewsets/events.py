"""``/organizations/{id}/events``: what happened, oldest first, to be read on from where one stopped."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.cursors import CursorPagination
from core.api.operations import operation
from orgs import querysets
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import EventSerializer


class EventPagination(CursorPagination):
    """Events in the order of their ids, which is the order in which they happened."""

    column = "id"
    descending = False


class OrganizationEventViewSet(PathOrganizationContext):
    """Events of one organization."""

    resource = "organization_events"

    @operation("Events retrieved successfully", response=EventSerializer, pagination_class=EventPagination)
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List what happened in an organization, oldest first.

        For whoever manages its members. To follow it, ask again with `after`.
        """
        return self.respond_with_page(querysets.events_of(self.caller, self.organization))
