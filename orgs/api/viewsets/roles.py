"""``/organizations/{id}/roles``: built-in roles and the organization's custom roles."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import operation
from core.api.parameters import TextParameter, UuidParameter
from core.api.query import InvalidQuery
from orgs import querysets
from orgs.actions import roles
from orgs.api.filters import RoleListFilter
from orgs.api.organization_context import PathOrganizationContext
from orgs.api.serializers import NewRoleSerializer, RoleChangesSerializer, RoleSerializer
from orgs.lookups import RoleName
from orgs.permissions import CREATE_PROJECTS, LIST_PROJECTS


class RoleViewSet(PathOrganizationContext):
    """Roles of one organization."""

    resource = "organization_roles"

    @operation(
        "Roles retrieved successfully",
        response=RoleSerializer,
        filterset_class=RoleListFilter,
        pagination_class=ListPagination,
    )
    def list(self, request: Request, organization_id: UUID) -> Response:
        """List the roles of an organization."""
        return self.respond_with_page(querysets.roles_of(self.organization))

    @operation(
        "Role created successfully",
        body=NewRoleSerializer,
        example={"name": "Planner", "scope": "organization", "permissions": [CREATE_PROJECTS, LIST_PROJECTS]},
        response=RoleSerializer,
        headers=IDEMPOTENCY_KEY,
        status=201,
        errors=(409, 422),
    )
    @once
    def create(self, request: Request, organization_id: UUID) -> Response:
        """Create a role.

        The role can only have permissions that you have.
        """
        return self.respond(roles.create_role(by=self.caller, organization_id=organization_id, **self.body))

    @operation("Role retrieved successfully", response=RoleSerializer, headers=IF_NONE_MATCH)
    def retrieve(self, request: Request, organization_id: UUID, role_id: UUID) -> Response:
        """Get a role."""
        return self.respond(querysets.role_of(self.organization, role_id))

    @operation(
        "Role updated successfully",
        body=RoleChangesSerializer,
        example={"name": "Reader", "permissions": [LIST_PROJECTS]},
        response=RoleSerializer,
        errors=(409, 422),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, organization_id: UUID, role_id: UUID) -> Response:
        """Change a role's name or permissions.

        New permissions apply at once to all members with the role.
        """
        role = roles.update_role(by=self.caller, organization_id=organization_id, role_id=role_id, **self.body)
        return self.respond(role)

    @operation(
        "Role deleted successfully",
        status=204,
        parameters={
            "reassignTo": UuidParameter(
                help_text="The ID of the role to assign instead. Required while the role is in use, without a name."
            ),
            "reassignToRole": TextParameter(
                max_length=64,
                help_text="The name of the role to assign instead, in any letter case. Do not give both.",
            ),
        },
        errors=(409, 422),
        headers=IF_MATCH,
    )
    @if_unchanged("retrieve")
    def destroy(self, request: Request, organization_id: UUID, role_id: UUID) -> Response:
        """Delete a role."""
        by_id, by_name = self.query["reassignTo"], self.query["reassignToRole"]
        if by_id and by_name:
            raise InvalidQuery(fields={"reassignToRole": ["Give either reassignTo or reassignToRole."]})
        successor = RoleName(by_name) if by_name else by_id
        roles.delete_role(by=self.caller, organization_id=organization_id, role_id=role_id, reassign_to=successor)
        return self.respond()
