"""The three invitation operations below `/organization-members`: invite, list my invites, join."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.lists import ListPagination
from core.api.operations import EXAMPLE_ID, operation
from invitations.actions import inviting
from invitations.api.filters import InvitingOrganizationFilter
from invitations.api.serializers import (
    AcceptanceSerializer,
    InvitationSerializer,
    InviteSerializer,
    InvitingOrganizationSerializer,
    JoinSerializer,
)
from invitations.api.viewsets.acceptance import AcceptsInvitations
from invitations.lookups import find_offer
from invitations.models import Invitation
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext


class MemberInvitationViewSet(CurrentOrganizationContext, AcceptsInvitations):
    """Invite to the current organization, list the caller's invites, and join."""

    resource = "member_invitations"
    tag = "Organization members"

    @operation(
        "Invitation sent successfully",
        body=InviteSerializer,
        example={"email": "newcomer@example.com", "role": "editor", "expiresInDays": 14},
        response=InvitationSerializer,
        headers={**HEADERS, **IDEMPOTENCY_KEY},
        status=201,
        errors=(404, 409, 422, 429),
    )
    @once
    def invite(self, request: Request) -> Response:
        """Invite new member to organization.

        The invitation cannot grant permissions that the caller does not have.
        """
        return self.respond(
            inviting.invite(by=self.caller, organization_id=self.organization.pk, has_default_role=True, **self.body)
        )

    @operation(
        "Invitations retrieved successfully",
        response=InvitingOrganizationSerializer,
        filterset_class=InvitingOrganizationFilter,
        pagination_class=ListPagination,
    )
    def invites(self, request: Request) -> Response:
        """Get user's pending organization invitations.

        Lists the organizations that have invited a verified address of the user and that the user has not joined. Each
        entry contains the newest open invitation of the organization. Requires the JWT of an identity provider.
        """
        rows = Invitation.objects.open().addressed_to(self.caller.user).newest_of_each_organization()
        rows = rows.not_joined_by(self.caller.user).with_details().with_member_count()
        return self.respond_with_page(rows)

    @operation(
        "Joined the organization",
        body=JoinSerializer,
        example={"invitationId": EXAMPLE_ID},
        response=AcceptanceSerializer,
        errors=(404, 409, 410),
    )
    def join(self, request: Request) -> Response:
        """Join organization with pending invitation.

        The body contains an organization ID, an invitation ID, or the token of an invitation link. For an organization
        ID, the organization's newest invitation to the caller is accepted. If no seat is free, the status is
        `processing`, and the caller becomes a member later.
        """
        return self.accepted(*find_offer(self.caller, **self.body))
