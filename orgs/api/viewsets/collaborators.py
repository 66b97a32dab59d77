"""``…/workspaces/{id}/collaborators`` and ``…/applications/{id}/collaborators``: members with a role in a unit."""

from typing import ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.lists import ListPagination
from core.api.operations import operation
from orgs import querysets
from orgs.actions import units
from orgs.api.filters import CollaboratorFilter
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import CollaboratorRoleSerializer, CollaboratorSerializer
from orgs.models import Unit


class CollaboratorViewSet(PathOrganizationContext):
    """Members with a role in one unit."""

    kind: ClassVar[Unit.Kind]

    @operation(
        "Collaborators retrieved successfully",
        response=CollaboratorSerializer,
        filterset_class=CollaboratorFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request, organization_id: UUID, unit_id: UUID) -> Response:
        """List the members with a role in this workspace or application."""
        unit = querysets.unit_of(self.caller, self.organization, unit_id, self.kind)
        return self.respond_with_page(querysets.collaborators_in(unit))

    @operation(
        "Collaborator updated successfully",
        body=CollaboratorRoleSerializer,
        example={"role": "editor"},
        response=CollaboratorSerializer,
        errors=(422,),
    )
    def update(self, request: Request, organization_id: UUID, unit_id: UUID, member_id: UUID) -> Response:
        """Set a member's role in this workspace or application."""
        member = units.assign_unit_role(
            by=self.caller,
            organization_id=organization_id,
            unit_id=unit_id,
            membership_id=member_id,
            kind=self.kind,
            **self.body,
        )
        return self.respond(member.assignment_in(unit_id))

    @operation("Collaborator removed successfully", status=204)
    def destroy(self, request: Request, organization_id: UUID, unit_id: UUID, member_id: UUID) -> Response:
        """Remove a member's role in this workspace or application.

        The member stays in the organization.
        """
        units.remove_unit_role(
            by=self.caller,
            organization_id=organization_id,
            unit_id=unit_id,
            membership_id=member_id,
            kind=self.kind,
        )
        return self.respond()


class WorkspaceCollaboratorViewSet(CollaboratorViewSet):
    """Members with a role in a workspace."""

    resource = "workspace_collaborators"
    kind = Unit.Kind.WORKSPACE


class ApplicationCollaboratorViewSet(CollaboratorViewSet):
    """Members with a role in an application."""

    resource = "application_collaborators"
    kind = Unit.Kind.APPLICATION
