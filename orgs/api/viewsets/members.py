"""``/organization-members``: the members of the current organization."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.operations import operation
from core.api.pagination import PagePagination
from core.api.query import Sort
from orgs import querysets
from orgs.actions import members
from orgs.api.organization_context import HEADERS, InCurrentOrganization
from orgs.api.parameters import AddressParameter, RoleName
from orgs.api.serializers import MemberChangesSerializer, MemberSerializer

SORTS = {"joinedAt": "created_at", "firstName": "user__first_name", "lastName": "user__last_name"}


class MemberViewSet(CurrentOrganizationContext):
    """Members: people and system users."""

    resource = "members"

    @operation(
        "Members retrieved successfully",
        answer=MemberSerializer,
        paginator=PagePagination,
        parameters={
            "email": AddressParameter(description="The member with exactly this address, in any letter case."),
            "role": RoleName(description="Those with this role in the organization: its id, or a built-in name."),
            "sort": Sort(SORTS, default="joinedAt:asc"),
        },
        headers=HEADERS,
        errors=(404, 409),
    )
    def list(self, request: Request) -> Response:
        """List organization members."""
        rows = querysets.members_of(self.caller, self.organization)
        if self.query["email"]:
            rows = rows.filter(user__email=self.query["email"])
        if self.query["role"]:
            rows = rows.filter(assignments__role=self.query["role"], assignments__unit__isnull=True)
        return self.page(rows.order_by(*self.query["sort"].columns))

    @operation("Member retrieved successfully", answer=MemberSerializer, headers=HEADERS, errors=(409,))
    def retrieve(self, request: Request, member_id: UUID) -> Response:
        """Get member details."""
        return self.answer(querysets.member_of(self.caller, self.organization, member_id))

    @operation(
        "Member updated successfully",
        body=MemberChangesSerializer,
        answer=MemberSerializer,
        headers=HEADERS,
        errors=(409, 422),
    )
    def partial_update(self, request: Request, member_id: UUID) -> Response:
        """Change a member's role or direct permissions."""
        member = members.change_member_roles(
            by=self.caller, organization_id=self.organization.pk, membership_id=member_id, **self.body
        )
        return self.answer(member)

    @operation("Member removed successfully", status=204, headers=HEADERS, errors=(409,))
    def destroy(self, request: Request, member_id: UUID) -> Response:
        """Remove an organization member."""
        members.remove_member(by=self.caller, organization_id=self.organization.pk, membership_id=member_id)
        return self.answer()
