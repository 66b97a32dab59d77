"""``/organization-members``: the members of the current organization."""

from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.lists import ListPagination
from core.api.operations import operation
from core.csv_export import csv_response
from orgs import querysets
from orgs.actions import members
from orgs.api.filters import MemberFilter
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext
from orgs.api.serializers import MemberChangesSerializer, MemberSerializer
from orgs.member_export import MEMBER_COLUMNS, exported_members
from orgs.permissions import CREATE_PROJECTS


class MemberViewSet(CurrentOrganizationContext):
    """Members of the current organization: people and system users."""

    resource = "members"
    tag = "Organization members"

    @operation(
        "Members retrieved successfully",
        response=MemberSerializer,
        filterset_class=MemberFilter,
        pagination_class=ListPagination,
        headers=HEADERS,
        errors=(404, 409),
    )
    def list(self, request: Request) -> Response:
        """List the members of the organization.

        If you have no permission in the organization and its workspaces and applications, you see no email addresses
        except your own.
        """
        return self.respond_with_page(querysets.members_of(self.caller, self.organization))

    @operation("Members exported successfully", media_type="text/csv", headers=HEADERS, errors=(404, 409))
    def export(self, request: Request) -> HttpResponseBase:
        """Export all members as a CSV file.

        You need the permission to manage members. The columns have the names of the fields of a member. A cell that a
        spreadsheet would run as a formula begins with an apostrophe.
        """
        rows = exported_members(self.caller, self.organization)
        return csv_response(f"{self.organization.slug}-members.csv", MEMBER_COLUMNS, rows)

    @operation(
        "Member retrieved successfully", response=MemberSerializer, headers={**HEADERS, **IF_NONE_MATCH}, errors=(409,)
    )
    def retrieve(self, request: Request, member_id: UUID) -> Response:
        """Get a member."""
        return self.respond(querysets.member_of(self.caller, self.organization, member_id))

    @operation(
        "Member updated successfully",
        body=MemberChangesSerializer,
        example={"role": "viewer", "permissions": [CREATE_PROJECTS]},
        response=MemberSerializer,
        headers={**HEADERS, **IF_MATCH},
        errors=(409, 422),
    )
    @if_unchanged("retrieve")
    def partial_update(self, request: Request, member_id: UUID) -> Response:
        """Change a member's role or direct permissions."""
        member = members.change_member_roles(
            by=self.caller, organization_id=self.organization.pk, membership_id=member_id, **self.body
        )
        return self.respond(member)

    @operation("Member removed successfully", status=204, headers={**HEADERS, **IF_MATCH}, errors=(409,))
    @if_unchanged("retrieve")
    def destroy(self, request: Request, member_id: UUID) -> Response:
        """Remove a member from the organization."""
        members.remove_member(by=self.caller, organization_id=self.organization.pk, membership_id=member_id)
        return self.respond()
