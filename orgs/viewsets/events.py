"""``/organizations/{id}/events``: what happened, oldest first, to be read on from where one stopped."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from orgs import visibility
from orgs.serializers import EventSerializer
from orgs.viewsets.scopes import InOrganization
from perfectworks.api.cursors import CursorPagination
from perfectworks.api.operations import operation


class EventPagination(CursorPagination):
    """Events in the order of their ids, which is the order in which they happened."""

    column = "id"
    descending = False


class OrganizationEventViewSet(InOrganization):
    """Events of one organization."""

    resource = "organization_events"

    @operation("Events retrieved successfully", answer=EventSerializer, paginator=EventPagination)
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List what happened in an organization, oldest first.

        For whoever manages its members. To follow it, ask again with `after`.
        """
        return self.page(visibility.events_of(self.caller, self.organization))
