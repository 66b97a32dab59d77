"""``/organizations/{id}/workspaces`` and ``/organizations/{id}/applications``: the two kinds of units."""

from typing import ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import operation
from orgs import querysets
from orgs.actions import units
from orgs.api.filters import UnitFilter
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import UnitProfileSerializer, UnitSerializer
from orgs.models import Unit


class UnitViewSet(PathOrganizationContext):
    """Units of one kind in one organization."""

    kind: ClassVar[Unit.Kind]

    @operation(
        "Units retrieved successfully",
        response=UnitSerializer,
        filterset_class=UnitFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the workspaces or applications that you may see.

        With `organization:list_projects`, you see all of them. Otherwise you see those in which you have a role.
        """
        return self.respond_with_page(querysets.units_of(self.caller, self.organization).filter(kind=self.kind))

    @operation(
        "Unit created successfully",
        body=UnitProfileSerializer,
        example={"name": "Website"},
        response=UnitSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 422),
    )
    @once
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Create a workspace or an application.

        Without a slug, the unit gets a slug made from its name.
        """
        unit = units.create_unit(by=self.caller, organization_id=organization_id, kind=self.kind, **self.body)
        return self.respond(unit)

    @operation("Unit retrieved successfully", response=UnitSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, organization_id: UUID, unit_id: UUID) -> Response:
        """Get a workspace or an application."""
        return self.respond(querysets.unit_of(self.caller, self.organization, unit_id, self.kind))

    @operation(
        "Unit updated successfully",
        body=UnitProfileSerializer,
        example={"name": "Website"},
        response=UnitSerializer,
        errors=(409,),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, organization_id: UUID, unit_id: UUID) -> Response:
        """Change the profile of a workspace or an application."""
        unit = units.update_unit(
            by=self.caller, organization_id=organization_id, unit_id=unit_id, kind=self.kind, **self.body
        )
        return self.respond(unit)

    @operation("Unit deleted successfully", status=204, errors=(409,), headers=IF_MATCH)
    @if_unchanged("retrieve")
    def destroy(self, request: Request, organization_id: UUID, unit_id: UUID) -> Response:
        """Delete a workspace or an application, and all roles in it.

        This fails if an open invitation grants a role in the unit.
        """
        units.delete_unit(by=self.caller, organization_id=organization_id, unit_id=unit_id, kind=self.kind)
        return self.respond()


class WorkspaceViewSet(UnitViewSet):
    """Workspaces of one organization."""

    resource = "workspaces"
    kind = Unit.Kind.WORKSPACE


class ApplicationViewSet(UnitViewSet):
    """Applications of one organization."""

    resource = "applications"
    kind = Unit.Kind.APPLICATION
